package graph

import (
	"encoding/json"
	"net/http"
	"slices"
)

// addActivities takes what people did with an item. It keeps a count only: nothing can be read back.
func (t *Tenant) addActivities(c *call) (reply, *refusal) {
	x, done, refused := t.openItem(c)
	if refused != nil {
		return reply{}, refused
	}
	defer done()
	if x.items[c.item] == nil {
		return reply{}, absent("Item", c.item)
	}
	if refused := c.wantJSON(); refused != nil {
		return reply{}, refused
	}
	var activities [][]byte
	refused = fields{"activities": func(raw []byte) (refused *refusal) {
		activities, refused = list(raw, "activities")
		return refused
	}}.read(c.body, "the request")
	switch {
	case refused != nil:
		return reply{}, refused
	case len(activities) == 0 || len(activities) > mostActivities:
		return reply{}, invalid("there are %d activities; 1 to %d are allowed", len(activities), mostActivities)
	}
	status := http.StatusOK
	var results []members
	for _, raw := range activities {
		result, failed, refused := x.takeActivity(raw)
		if refused != nil {
			return reply{}, refused
		}
		if failed {
			status = http.StatusMultiStatus
		}
		results = append(results, result)
	}
	x.activities += len(results)
	return reply{status: status, body: c.entity("Collection("+namespace+"externalActivityResult)", members{{"value", results}})}, nil
}

// takeActivity checks one activity. It fails by itself when its external group is not there.
func (x *connection) takeActivity(raw []byte) (result members, failed bool, refused *refusal) {
	var kind, start, who, id string
	var by json.RawMessage
	refused = fields{
		"@odata.type":   typed("an activity", namespace+"externalActivity"),
		"type":          textInto(&kind, "an activity's type"),
		"startDateTime": textInto(&start, "startDateTime"),
		"performedBy": func(raw []byte) *refusal {
			by = raw
			return fields{
				"@odata.type": typed("performedBy", namespace+"identity"),
				"id":          textInto(&id, "performedBy.id"), "type": textInto(&who, "performedBy.type"),
			}.read(raw, "performedBy")
		},
	}.read(raw, "an activity")
	switch {
	case refused != nil:
		return nil, false, refused
	case !slices.Contains([]string{"viewed", "modified", "created", "commented"}, kind):
		return nil, false, invalid("%q is no type of activity", kind)
	case !isTime(start):
		return nil, false, invalid("the startDateTime %q is no time", start)
	case (who == "user" || who == "group") && !isGUID(id):
		return nil, false, invalid("performedBy.id %q is not the object ID of a %s", id, who)
	case who != "user" && who != "group" && who != "externalGroup":
		return nil, false, invalid("performedBy.type %q is not one of user, group, externalGroup", who)
	}
	var failure any
	if failed = who == "externalGroup" && x.groups[id] == nil; failed {
		failure = members{{"code", "ItemNotFound"}, {"message", "The external group was not found."}}
	}
	return members{
		{"@odata.type", "#" + namespace + "externalActivityResult"}, {"type", kind}, {"startDateTime", start},
		{"performedBy", by}, {"error", failure},
	}, failed, nil
}
