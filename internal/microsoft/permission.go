package microsoft

import (
	"fmt"
	"strings"

	"github.com/headrace/headrace/internal/connector"
)

// A Right is a permission with those that contain it.
type Right struct {
	connector.Permission
	Broader []string // "ExternalItem.ReadWrite.All" for "ExternalItem.ReadWrite.OwnedBy"
}

// CheckRights compares a token with what a connector needs: one row for each right. needed says whether the present
// use needs an optional one; nil: it doesn't.
func CheckRights(cloud Cloud, claims Claims, rights []Right, needed func(name string) bool) []connector.Check {
	checks := make([]connector.Check, 0, len(rights))
	for _, r := range rights {
		c := connector.Check{Name: r.Name, Result: connector.Works, Text: "granted"}
		broader := ""
		for _, b := range r.Broader {
			if claims.Has(b) {
				broader = b
			}
		}
		switch {
		case claims.Has(r.Name):
		case broader != "":
			c.Result, c.Text = connector.Broader, fmt.Sprintf("granted, broader than needed: %s", broader)
			c.Fix = fmt.Sprintf("Works as it is. To give less, grant %s and remove %s.", r.Name, broader)
			c.Link = cloud.AppURL(claims.ClientID, "CallAnAPI")
		case r.Optional && (needed == nil || !needed(r.Name)):
			c.Result, c.Text = connector.NotNeeded, "not needed yet: "+lowerFirst(r.For)
		default:
			c.Result, c.Text = connector.Missing, "missing: "+lowerFirst(r.For)
			c.Fix = fmt.Sprintf("Add %s under API permissions › %s › Application permissions, then let an admin grant consent. It can take some minutes to reach the token.", r.Name, r.Resource)
			if len(claims.Roles) == 0 {
				c.Fix = Sentence(ownCases["no_roles"].Title) + " " + c.Fix
			}
			c.Link = cloud.AppURL(claims.ClientID, "CallAnAPI")
		}
		checks = append(checks, c)
	}
	return checks
}

// Sentence ends a text with a full stop.
func Sentence(text string) string {
	return strings.TrimRight(text, ". ") + "."
}

func lowerFirst(text string) string {
	if len(text) > 1 && text[1] >= 'a' && text[1] <= 'z' {
		return strings.ToLower(text[:1]) + text[1:]
	}
	return text
}
