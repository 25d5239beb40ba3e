package copilot

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/microsoft"
)

// An aclEntry lets one see an item, or keeps one from it (reference graph-connectors, section 1.7.2). A deny always wins.
type aclEntry struct {
	AccessType string `json:"accessType"`
	Type       string `json:"type"`
	Value      string `json:"value"`
}

const (
	grant             = "grant"
	deny              = "deny"
	aclUser           = "user"
	aclGroup          = "group"
	aclExternalGroup  = "externalGroup"
	aclEveryone       = "everyone"
	aclEveryoneInside = "everyoneExceptGuests"
)

var (
	aclTypes      = []string{aclUser, aclGroup, aclExternalGroup, aclEveryone, aclEveryoneInside}
	legalGroupID  = regexp.MustCompile(`^[A-Za-z0-9_-]{1,128}$`)
	emptyObjectID = "00000000-0000-0000-0000-000000000000"
)

// readACL makes the list of who may see an item, sorted and without repeats, of what the mapping gave. Notes say what was
// left out. An entry whose value could not be found (null or "") is left out if it grants; one that denies can't be left out, since
// then somebody would see what must stay hidden. Nobody ever becomes everyone.
func readACL(value any) (entries []aclEntry, notes []string, err error) {
	list, ok := value.([]any)
	if !ok {
		if value == nil {
			return nil, nil, aclFault("the item has no ACL", "Nothing is sent that nobody said who may see it. Make item.acl give a list for this record.")
		}
		return nil, nil, aclFault(fmt.Sprintf("the ACL is %s, not a list", described(value)), "Put the entries into brackets: [{accessType: \"grant\", type: \"group\", value: …}].")
	}
	granted := false
	for i, v := range list {
		e, note, err := readEntry(v)
		if err != nil {
			e, _ := fault.As(err)
			return nil, nil, aclFault(fmt.Sprintf("ACL entry %d: %s", i, e.Title), e.Hint)
		}
		if note != "" {
			notes = append(notes, fmt.Sprintf("ACL entry %d: %s", i, note))
			continue
		}
		granted = granted || e.AccessType == grant
		entries = append(entries, e)
	}
	if !granted {
		hint := "Make item.acl give at least one grant for this record, or drop the record."
		if len(notes) > 0 {
			hint = "None of its readers could be found (" + strings.Join(notes, "; ") + "). " + hint
		}
		return nil, nil, aclFault("the ACL lets nobody see the item", hint)
	}
	slices.SortFunc(entries, func(a, b aclEntry) int {
		return cmp.Or(cmp.Compare(a.AccessType, b.AccessType), cmp.Compare(a.Type, b.Type), cmp.Compare(a.Value, b.Value))
	})
	return slices.Compact(entries), notes, nil
}

func aclFault(title, hint string) *fault.Error {
	return &fault.Error{Class: fault.Invalid, Code: "acl_invalid", Title: title, Hint: hint}
}

// readEntry reads one entry; a note tells why it is left out.
func readEntry(value any) (e aclEntry, note string, err error) {
	fields, ok := value.(map[string]any)
	if !ok {
		return e, "", aclFault(fmt.Sprintf("it is %s, not an object", describedOrNull(value)), "An entry has accessType, type and value.")
	}
	text := map[string]string{"accessType": grant}
	for name, v := range fields {
		if name != "accessType" && name != "type" && name != "value" {
			return e, "", aclFault(fmt.Sprintf("%q is no field of an entry", name), "An entry has accessType, type and value; Graph refuses everything else.")
		}
		switch v := v.(type) {
		case string:
			text[name] = strings.TrimSpace(v)
		case nil:
		default:
			return e, "", aclFault(fmt.Sprintf("%s is %s, not a text", name, described(v)), "")
		}
	}
	e = aclEntry{AccessType: text["accessType"], Type: text["type"], Value: text["value"]}
	if e.AccessType != grant && e.AccessType != deny {
		return e, "", aclFault(fmt.Sprintf("accessType is %q", e.AccessType), "It is grant or deny.")
	}
	return e.checked()
}

func describedOrNull(value any) string {
	if value == nil {
		return "null"
	}
	return described(value)
}

// checked looks at an entry's type and value.
func (e aclEntry) checked() (aclEntry, string, error) {
	switch e.Type {
	case aclEveryone:
		// The documentation wants the tenant's ID, everybody's samples send the word, and both are taken.
		if e.Value = cmp.Or(e.Value, aclEveryone); e.Value != aclEveryone && !microsoft.IsGUID(e.Value) {
			return e, "", aclFault(fmt.Sprintf("the value of everyone is %s", quoted(e.Value)), "Leave value out, or give the tenant's ID. To let one user or group in, say so with type.")
		}
		return e, "", nil
	case aclEveryoneInside:
		if !microsoft.IsGUID(e.Value) {
			return e, "", aclFault(fmt.Sprintf("the value of everyoneExceptGuests is %s", quoted(e.Value)), "It must be the tenant's ID: Entra › Overview › Tenant ID.")
		}
		e.Value = strings.ToLower(e.Value)
		return e, "", nil
	case aclUser, aclGroup, aclExternalGroup:
	default:
		return e, "", aclFault(fmt.Sprintf("type is %q", e.Type), "It is one of "+strings.Join(aclTypes, ", ")+".")
	}
	if e.Value == "" {
		if e.AccessType == deny {
			return e, "", aclFault(fmt.Sprintf("the %s that is denied was not found (its value is empty)", e.Type), "Without this entry somebody could see what must stay hidden, so the item is not sent. Mend the mapping from the source's names to object IDs.")
		}
		return e, fmt.Sprintf("a %s was not found (its value is empty), so it is left out", e.Type), nil
	}
	if e.Type == aclExternalGroup {
		if !legalGroupID.MatchString(e.Value) {
			return e, "", aclFault(fmt.Sprintf("%s is no ID of an external group", quoted(e.Value)), "Such IDs have at most 128 letters, digits, - and _.")
		}
		return e, "", nil
	}
	if why := badObjectID(e.Type, e.Value); why != nil {
		return e, "", why
	}
	e.Value = strings.ToLower(e.Value)
	return e, "", nil
}

// badObjectID explains what stands in the place of an Entra object ID; nil: it is one.
func badObjectID(kind, value string) *fault.Error {
	title := fmt.Sprintf("%s is no object ID of an Entra %s", quoted(value), kind)
	switch {
	case value == emptyObjectID:
		return aclFault(title+": it is the empty GUID", "The mapping found nobody and put zeros in its place. Give null for who is not found: that entry is left out then.")
	case microsoft.IsGUID(value):
		return nil
	case strings.Contains(strings.ToUpper(value), "#EXT#"):
		return aclFault(title+" but a guest's user principal name", "Guests have an object ID too: Entra › Users › the guest › Object ID. Put it in place of the name. everyoneExceptGuests never lets guests in.")
	case strings.Contains(value, "@") && kind == aclGroup:
		return aclFault(title+" but an e-mail address", "Graph takes object IDs only. Find it in Entra › Groups › the group › Object ID, or with: az ad group list --filter \"mail eq '"+value+"'\" --query [].id")
	case strings.Contains(value, "@"):
		return aclFault(title+" but an e-mail address or user principal name", "Graph takes object IDs only. Find it in Entra › Users › the user › Object ID, or with: az ad user show --id "+value+" --query id")
	case strings.HasPrefix(value, "S-1-"):
		return aclFault(title+" but a security identifier (SID)", "Graph takes object IDs only. Map SIDs to Entra objects by their onPremisesSecurityIdentifier.")
	}
	return aclFault(title, "An object ID looks like 1f0a3c1e-5a9b-4b0e-9d6e-6b1f2a7c9d55: Entra › Users or Groups › the one › Object ID. For a group that Entra does not know use type externalGroup.")
}
