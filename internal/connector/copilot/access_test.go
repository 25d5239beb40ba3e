package copilot

import (
	"net/http"
	"strings"
	"testing"
)

func TestWhoCanSeeAnItem(t *testing.T) {
	t.Parallel()
	const ann, team, leads = "c2b6e3a0-0b7c-4f2a-8f5e-3a9d7e1b4c66", "1f0a3c1e-5a9b-4b0e-9d6e-6b1f2a7c9d55", "leads"
	user, group := aclEntry{grant, aclUser, ann}, aclEntry{grant, aclGroup, team}
	for name, c := range map[string]struct {
		acl    []aclEntry
		groups []string
		guest  bool
		sees   bool
		unless string
	}{
		"by name, in any casing":            {acl: []aclEntry{{grant, aclUser, strings.ToUpper(ann)}}, sees: true},
		"somebody else":                     {acl: []aclEntry{{grant, aclUser, team}}},
		"by a group that is named":          {acl: []aclEntry{group}, groups: []string{team}, sees: true},
		"by a group that nobody named":      {acl: []aclEntry{group}, unless: "grant group " + team},
		"a deny wins":                       {acl: []aclEntry{user, {deny, aclGroup, team}}, groups: []string{team}},
		"a deny that may hold is told":      {acl: []aclEntry{user, {deny, aclExternalGroup, leads}}, sees: true, unless: "deny externalGroup leads"},
		"a grant more decides nothing":      {acl: []aclEntry{group, user}, sees: true},
		"everyone":                          {acl: []aclEntry{{grant, aclEveryone, team}}, guest: true, sees: true},
		"everyone but guests, for a member": {acl: []aclEntry{{grant, aclEveryoneInside, team}}, sees: true},
		"everyone but guests, for a guest":  {acl: []aclEntry{{grant, aclEveryoneInside, team}}, guest: true},
		"nobody":                            {},
	} {
		a := canSee(c.acl, &AccessInput{ID: "x", User: ann, Groups: c.groups, Guest: c.guest})
		if a.Sees != c.sees || strings.Join(a.Unless, ", ") != c.unless || a.Why == "" {
			t.Errorf("%s: %+v, want sees %v, unless %q", name, a, c.sees, c.unless)
		}
	}
}

// A group that does not exist is taken by Graph and lets nobody in; the access test tells.
func TestAGroupThatDoesNotExistIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.cfg.Item.ACL = `[{type: "externalGroup", value: "oncall"}, {type: "group", value: "99999999-9999-4999-8999-999999999999"}]`
	items := w.prepared(documents(0, 1)...)
	d := w.open()
	if res := w.write(d, nil, items...); res.Stopped != nil {
		t.Fatal(res.Stopped)
	}
	in := &AccessInput{ID: items[0].Key, User: "c2b6e3a0-0b7c-4f2a-8f5e-3a9d7e1b4c66", Groups: []string{"oncall"}}
	missing := func() []string {
		t.Helper()
		out, err := testAccess(t.Context(), d, in)
		if err != nil {
			t.Fatal(err)
		}
		a := out.(access)
		if a.Sees != (len(a.Missing) == 0) || len(a.ACL) != 2 {
			t.Errorf("sees %v by %q, though %q are not there", a.Sees, a.Why, a.Missing)
		}
		return a.Missing
	}
	if got := missing(); len(got) != 1 || got[0] != "oncall" {
		t.Errorf("missing are %q", got)
	}
	if _, err := d.graph.sendJSON(t.Context(), http.MethodPost, d.graph.path("groups"), map[string]string{"id": "oncall", "displayName": "On call"}); err != nil {
		t.Fatal(err)
	}
	if got := missing(); len(got) != 0 {
		t.Errorf("missing are %q though it was made", got)
	}
}
