package fileset

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v4"

	"github.com/headrace/headrace/internal/config"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/object"
	"github.com/headrace/headrace/internal/store"
)

// changes lists the settings that differ between two states of an object.
func (s *Service) changes(ctx context.Context, over *overlay, kind object.Kind, before, after store.Object, exists bool) ([]Change, error) {
	var all []Change
	var old map[string]string
	if exists {
		node, err := kind.Draw(ctx, s.Store, before)
		if err != nil {
			return nil, err
		}
		old, _ = Flatten(node, "spec")
		if before.Description != after.Description {
			all = append(all, Change{Field: "metadata.description", Old: before.Description, New: after.Description})
		}
		if before.Owner != after.Owner {
			all = append(all, Change{Field: "owner", Old: before.Owner, New: after.Owner})
		}
	}
	node, err := kind.Draw(ctx, over, after)
	if err != nil {
		return nil, err
	}
	now, order := Flatten(node, "spec")
	for _, field := range order {
		if have, ok := old[field]; !ok || have != now[field] {
			all = append(all, Change{Field: field, Old: old[field], New: now[field]})
		}
		delete(old, field)
	}
	for _, field := range slices.Sorted(maps.Keys(old)) {
		all = append(all, Change{Field: field, Old: old[field]})
	}
	return all, nil
}

// shown is a JSON value as a change shows it: a text of one line as it is written, everything else as JSON.
func shown(raw []byte) string {
	var text string
	if json.Unmarshal(raw, &text) == nil && string(raw) != "null" && !strings.ContainsFunc(text, unicode.IsControl) {
		return text
	}
	return string(raw)
}

// Flatten gives each value of a mapping by its dotted path, which begins with at, as a change shows it, and the paths in their
// order. A list is one value.
func Flatten(node *yaml.Node, at string) (values map[string]string, order []string) {
	values = map[string]string{}
	var walk func(node *yaml.Node, at string)
	walk = func(node *yaml.Node, at string) {
		if node.Kind != yaml.MappingNode {
			if raw, err := config.JSON(node); err == nil {
				values[at] = shown(raw)
				order = append(order, at)
			}
			return
		}
		for i := 0; i+1 < len(node.Content); i += 2 {
			walk(node.Content[i+1], strings.TrimPrefix(at+"."+node.Content[i].Value, "."))
		}
	}
	walk(node, at)
	return values, order
}

// A Selection picks objects for an export. Zero fields pick all.
type Selection struct {
	Kind  string   `json:"kind,omitempty"` // of config.Kinds, in any case
	Names []string `json:"names,omitempty"`
	Set   string   `json:"set,omitempty"`
}

// Export writes objects as a file that Apply takes: references and fingerprints, never a secret.
func (s *Service) Export(ctx context.Context, pick Selection) ([]byte, error) {
	var nodes []*yaml.Node
	left := map[string]bool{}
	for _, n := range pick.Names {
		left[n] = true
	}
	for _, k := range config.Kinds() {
		if pick.Kind != "" && !strings.EqualFold(pick.Kind, k) {
			continue
		}
		all, err := s.Store.Objects(ctx, storeKind[k])
		if err != nil {
			return nil, err
		}
		for _, o := range all {
			_, named := left[o.Name]
			if len(pick.Names) > 0 && !named || pick.Set != "" && o.Owner != pick.Set {
				continue
			}
			left[o.Name] = false
			spec, err := s.kind(k).Draw(ctx, s.Store, o)
			if err != nil {
				return nil, fmt.Errorf("export %s %s: %w", k, o.Name, err)
			}
			nodes = append(nodes, config.Document{Kind: k, Name: o.Name, Description: o.Description, Spec: spec}.Node())
		}
	}
	for _, name := range pick.Names {
		if left[name] {
			return nil, &fault.Error{Class: fault.NotFound, Code: "object_not_found", Title: fmt.Sprintf("there is nothing named %q to export", name)}
		}
	}
	return config.YAML(nodes...)
}
