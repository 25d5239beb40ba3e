package copilot

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/headrace/headrace/internal/fault"
)

// AccessInput asks whether somebody can see an item.
type AccessInput struct {
	ID     string   `yaml:"id" doc:"The item's ID, or the key it was made of" example:"policies/leave.md"`
	User   string   `yaml:"user" doc:"The person's object ID in Entra" example:"c2b6e3a0-0b7c-4f2a-8f5e-3a9d7e1b4c66"`
	Groups []string `yaml:"groups" doc:"IDs of the groups that the person is in, Entra's and external ones; Graph does not tell us" example:"1f0a3c1e-5a9b-4b0e-9d6e-6b1f2a7c9d55"`
	Guest  bool     `yaml:"guest" doc:"The person is a guest of the tenant"`
}

// Validate wants an item and a person.
func (in *AccessInput) Validate() fault.Problems {
	p := append(needed("id", in.ID), needed("user", in.User)...)
	if why := badObjectID(aclUser, in.User); why != nil && in.User != "" {
		p = append(p, fault.Problem{Field: "user", Text: why.Title + ". " + why.Hint})
	}
	return p
}

// An access is who may see an item, for one person.
type access struct {
	ID     string   `json:"id"`
	Sees   bool     `json:"sees"`
	Why    string   `json:"why"`
	Unless []string `json:"unless,omitempty"` // groups that nobody said the person is in, and that would change the answer
	// Missing are external groups of the access list that the connection has not: Graph takes such a list, and nobody gets
	// in by them until they are made.
	Missing []string   `json:"missing_groups,omitempty"`
	ACL     []aclEntry `json:"acl"`
}

// canSee tells whether an access list lets somebody see an item: a deny always wins (reference graph-connectors, section
// 1.7.2). A group that was not named is one that the person is not in; it is told if that decides.
func canSee(entries []aclEntry, in *AccessInput) access {
	a := access{Why: "no entry grants it", ACL: entries}
	for _, want := range []string{deny, grant} {
		for _, e := range entries {
			if e.AccessType != want {
				continue
			}
			switch matches := e.matches(in); {
			case matches:
				return access{Sees: want == grant, Why: fmt.Sprintf("%s of %s %s", want, e.Type, e.Value), ACL: entries, Unless: turning(a.Unless, want == grant)}
			case e.Type == aclGroup || e.Type == aclExternalGroup:
				a.Unless = append(a.Unless, want+" "+e.Type+" "+e.Value)
			}
		}
	}
	return a
}

// turning keeps the groups that would turn an answer: of one who sees, those that deny.
func turning(groups []string, sees bool) []string {
	if !sees {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(groups), func(g string) bool { return !strings.HasPrefix(g, deny) })
}

func (e aclEntry) matches(in *AccessInput) bool {
	switch e.Type {
	case aclEveryone:
		return true
	case aclEveryoneInside:
		return !in.Guest
	case aclUser:
		return strings.EqualFold(e.Value, in.User)
	}
	return slices.ContainsFunc(in.Groups, func(g string) bool { return strings.EqualFold(g, e.Value) })
}

// testAccess reads an item's access list from the tenant and judges by it.
func testAccess(ctx context.Context, d *destination, in *AccessInput) (any, error) {
	id := namedItem(in.ID)
	var stored struct {
		ACL []aclEntry `json:"acl"`
	}
	if _, err := d.graph.send(ctx, http.MethodGet, d.graph.path("items", id), nil, &stored); err != nil {
		return nil, d.missing(err, "item "+id, "Its ID may be wrong, or it was not sent yet: headrace copilot item list %s", d.env.Name)
	}
	missing, err := d.missingGroups(ctx, stored.ACL)
	if err != nil {
		return nil, err
	}
	a := canSee(slices.DeleteFunc(slices.Clone(stored.ACL), func(e aclEntry) bool { return e.Type == aclExternalGroup && slices.Contains(missing, e.Value) }), in)
	a.ID, a.ACL, a.Missing = id, stored.ACL, missing
	return a, nil
}

// missingGroups are the external groups of an access list that are not there.
func (d *destination) missingGroups(ctx context.Context, entries []aclEntry) ([]string, error) {
	var missing []string
	for _, e := range entries {
		if e.Type != aclExternalGroup {
			continue
		}
		switch _, err := d.graph.send(ctx, http.MethodGet, d.graph.path("groups", e.Value), nil, nil); {
		case isClass(err, fault.NotFound):
			missing = append(missing, e.Value)
		case err != nil:
			return nil, fmt.Errorf("look for the group %s: %w", e.Value, err)
		}
	}
	return missing, nil
}
