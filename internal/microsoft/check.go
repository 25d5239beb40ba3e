package microsoft

import (
	"context"
	"fmt"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
)

// TokenRow is the name of the check of signing in.
const TokenRow = "Token from Entra"

// tokenPatience is how long a check waits for the sign-in host.
const tokenPatience = 30 * time.Second

// CheckSignIn gives the rows of the token and of the permissions; false: there is no token, and of the permissions nothing
// can be told. needed tells whether an optional permission is needed; nil: none is.
func (c *Client) CheckSignIn(ctx context.Context, rights []Right, needed func(name string) bool) ([]connector.Check, bool) {
	began := c.options.Now()
	claims, err := c.patientClaims(ctx)
	took := c.options.Now().Sub(began)
	if err != nil {
		row := FailedCheck(TokenRow, err, c.signInLink(err))
		row.Took = took
		rows := []connector.Check{row}
		for _, r := range rights {
			rows = append(rows, connector.Check{Name: r.Name, Result: connector.Unknown, Text: "cannot tell without a token"})
		}
		return rows, false
	}
	rows := []connector.Check{{Name: TokenRow, Result: connector.Works, Text: "Entra gave a token", Took: took}}
	return append(rows, CheckRights(c.cloud, claims, rights, needed)...), true
}

func (c *Client) patientClaims(ctx context.Context) (Claims, error) {
	patient, cancel := context.WithTimeout(ctx, tokenPatience)
	defer cancel()
	claims, err := c.Claims(patient)
	if err != nil && patient.Err() != nil && ctx.Err() == nil {
		err = (&fault.Error{Class: fault.Unavailable, Code: "timeout", Title: fmt.Sprintf("The sign-in host did not answer within %s", tokenPatience)}).
			WithHint("A firewall may swallow the traffic, or only a proxy leads out: set HTTPS_PROXY then.")
	}
	return claims, err
}

// signInLink leads to where the trouble can be put right.
func (c *Client) signInLink(err error) string {
	f, ok := fault.As(err)
	if !ok {
		return ""
	}
	switch f.Code {
	case "secret_wrong", "secret_expired", "secret_missing", "certificate_unknown":
		return c.cloud.AppURL(c.options.Credential.ClientID, "Credentials")
	case "consent_missing", "no_roles":
		return c.cloud.AppURL(c.options.Credential.ClientID, "CallAnAPI")
	}
	return f.Docs
}

// FailedCheck is the row of an error: what happened in Text, what to do in Fix.
func FailedCheck(name string, err error, link string) connector.Check {
	row := connector.Check{Name: name, Result: connector.Refused, Text: err.Error(), Link: link, Err: err}
	f, ok := fault.As(err)
	if !ok {
		return row
	}
	if f.Title != "" {
		row.Text = f.Title
	}
	row.Fix = f.Hint
	if f.Class == fault.Unavailable || f.Class == fault.Throttled || f.Class == fault.Canceled {
		row.Result = connector.Unknown
	}
	return row
}
