package copilot

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/headrace/headrace/internal/fault"
)

// GroupInput names an external group.
type GroupInput struct {
	ID string `yaml:"id" doc:"The group's ID: at most 128 letters, digits, - and _" example:"oncall-lead"`
}

// Validate reports an ID that can't be one.
func (in *GroupInput) Validate() fault.Problems {
	if !legalGroupID.MatchString(in.ID) {
		return fault.Problems{{Field: "id", Text: fmt.Sprintf("is %q; it has 1 to 128 letters, digits, - and _", in.ID)}}
	}
	return nil
}

// NewGroupInput is an external group to be made.
type NewGroupInput struct {
	ID          string `yaml:"id" doc:"The group's ID: at most 128 letters, digits, - and _" example:"oncall-lead"`
	DisplayName string `yaml:"displayName" doc:"Its name for people"`
	Description string `yaml:"description" doc:"Where it comes from"`
}

// Validate reports an ID that can't be one.
func (in *NewGroupInput) Validate() fault.Problems { return (&GroupInput{ID: in.ID}).Validate() }

// MemberInput is one in an external group.
type MemberInput struct {
	Group string `yaml:"group" doc:"The external group's ID"`
	ID    string `yaml:"id" doc:"Object ID in Entra of the user or group, or the ID of another external group"`
	Type  string `yaml:"type" doc:"What it is" enum:"user,group,externalGroup"`
}

// Validate wants IDs as Graph takes them.
func (in *MemberInput) Validate() fault.Problems {
	p := (&GroupInput{ID: in.Group}).Validate()
	for i := range p {
		p[i].Field = "group"
	}
	add := func(field, text string) { p = append(p, fault.Problem{Field: field, Text: text}) }
	switch in.Type {
	case aclUser, aclGroup:
		if why := badObjectID(in.Type, in.ID); why != nil {
			add("id", why.Title+". "+why.Hint)
		}
	case aclExternalGroup:
		if !legalGroupID.MatchString(in.ID) {
			add("id", fmt.Sprintf("is %q; it has 1 to 128 letters, digits, - and _", in.ID))
		}
	default:
		add("type", fmt.Sprintf("is %q; it is user, group or externalGroup", in.Type))
	}
	return p
}

// noGroup says of a NotFound that a group is not there, and what of that follows.
func (d *destination) noGroup(err error, id string) error {
	return d.missing(err, "external group "+id, "Its ID may be wrong; Graph can't list groups. Make it with: headrace copilot group create %s %s", d.env.Name, id)
}

func showGroup(ctx context.Context, d *destination, in *GroupInput) (any, error) {
	var raw json.RawMessage
	_, err := d.graph.send(ctx, http.MethodGet, d.graph.path("groups", in.ID), nil, &raw)
	return raw, d.noGroup(err, in.ID)
}

func createGroup(ctx context.Context, d *destination, in *NewGroupInput) (any, error) {
	body := map[string]string{"id": in.ID}
	if in.DisplayName != "" {
		body["displayName"] = in.DisplayName
	}
	if in.Description != "" {
		body["description"] = in.Description
	}
	_, err := d.graph.sendJSON(ctx, http.MethodPost, d.graph.path("groups"), body)
	if f, ok := fault.As(err); ok && f.Class == fault.Conflict {
		return nil, &fault.Error{Class: f.Class, Code: "group_exists", Upstream: f.Upstream, Err: err, Title: fmt.Sprintf("the external group %s is there already", in.ID),
			Hint: fmt.Sprintf("headrace copilot group show %s %s shows it; choose another ID for another group.", d.env.Name, in.ID)}
	}
	if err != nil {
		return nil, d.missing(err, "place for a group", "")
	}
	return showGroup(ctx, d, &GroupInput{ID: in.ID})
}

func deleteGroup(ctx context.Context, d *destination, in *GroupInput) (any, error) {
	return d.remove(ctx, "groups", in.ID)
}

// addMember adds one who may be a member already: then all is as it should be.
func addMember(ctx context.Context, d *destination, in *MemberInput) (any, error) {
	member := map[string]string{"id": in.ID, "type": in.Type}
	_, err := d.graph.sendJSON(ctx, http.MethodPost, d.graph.path("groups", in.Group, "members"), member)
	f, ok := fault.As(err)
	switch {
	case ok && f.Class == fault.Conflict:
		err = nil
	case ok && f.Class == fault.Invalid && in.Type == aclExternalGroup:
		err = &fault.Error{Class: f.Class, Code: f.Code, Upstream: f.Upstream, Err: err, Title: fmt.Sprintf("the external group %s was not taken as a member", in.ID),
			Hint: fmt.Sprintf("It must be there first, in the same connection: headrace copilot group create %s %s", d.env.Name, in.ID)}
	}
	return member, d.noGroup(err, in.Group)
}

func removeMember(ctx context.Context, d *destination, in *MemberInput) (any, error) {
	return d.remove(ctx, "groups", in.Group, "members", in.ID)
}
