package hashicorp

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/hashicorp/vault/api"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/secret"
)

// Field reads one field of the newest version of a secret in a KV version 2 engine. path is MOUNT/PATH, where MOUNT is one
// segment, or for a mount of several segments the path of the API: MOUNT/data/PATH.
func (c *Client) Field(ctx context.Context, path, field string) (secret.Text, error) {
	what := "read " + path + "#" + field
	answer, err := c.call(ctx, what, func(ctx context.Context, vault *api.Logical) (*api.Secret, error) {
		return vault.ReadWithContext(ctx, dataPath(path))
	})
	if err != nil {
		return secret.Text{}, err
	}
	var data map[string]any
	if answer != nil {
		data, _ = answer.Data["data"].(map[string]any)
	}
	if data == nil {
		return secret.Text{}, fault.New(fault.Denied, "%s: HashiCorp Vault at %s has no such secret", what, c.Address()).WithCode("reference_missing").
			WithHint("It may have been deleted, or no KV version 2 engine is mounted there. Look with: vault kv get %s", path)
	}
	switch v := data[field].(type) {
	case string:
		return secret.New(v), nil
	case json.Number:
		return secret.New(v.String()), nil
	case nil:
		return secret.Text{}, fault.New(fault.Denied, "%s: the secret has no field %s", what, field).WithCode("reference_missing").
			WithHint("It has: %s.", names(data))
	default:
		return secret.Text{}, fault.New(fault.Denied, "%s: the field is neither a text nor a number", what).WithCode("reference_missing")
	}
}

// dataPath is where the API has the secret's newest version.
func dataPath(path string) string {
	path = strings.Trim(path, "/")
	if strings.Contains(path, "/data/") {
		return path
	}
	mount, rest, _ := strings.Cut(path, "/")
	return mount + "/data/" + rest
}

func names(data map[string]any) string {
	all := make([]string, 0, len(data))
	for name := range data {
		all = append(all, name)
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}
