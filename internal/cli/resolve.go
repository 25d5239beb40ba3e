package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/headrace/headrace/internal/config"
	"github.com/headrace/headrace/internal/credential"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/flow"
	"github.com/headrace/headrace/internal/vault/reference"
)

// resolveAll follows the references of the credentials in some files; what they lead to is only looked at for its
// form.
func (s *session) resolveAll(ctx context.Context, files []config.File) error {
	docs, problems := config.Documents(files)
	resolver := &reference.Resolver{Log: s.log}
	defer resolver.Close()
	for _, doc := range docs {
		if doc.Kind != "Credential" {
			continue
		}
		var settings credential.Settings
		if found := config.Decode(doc.Spec, &settings, "spec"); len(found) > 0 || settings.ClientSecret.Ref == "" {
			continue
		}
		add := func(text string) {
			problems = append(problems, fault.Problem{File: doc.File, Field: doc.Title() + ": spec.clientSecret.ref", Line: config.LineOf(doc.Spec, "clientSecret.ref"), Text: text})
		}
		ref, err := reference.Parse(settings.ClientSecret.Ref)
		if err != nil {
			continue // validate has told it
		}
		text, err := resolver.Resolve(ctx, ref)
		if err != nil {
			add(fmt.Sprintf("%v. %s", err, fault.HintOf(err)))
		} else if wrong := credential.CheckSecret(text); wrong != "" {
			add(ref.String() + ": " + wrong)
		}
	}
	return problems.Err()
}

func (s *session) schemaCommand() *cobra.Command {
	return &cobra.Command{Use: "schema", Short: "Write the JSON Schema of the files, for editors", Args: noArgs,
		Example: examples("headrace schema > headrace.schema.json", "", "headrace schema --jq '.[\"$defs\"] | keys'", ""),
		RunE: func(*cobra.Command, []string) error {
			s.flags.output = "json"
			return s.value(s.schema())
		}}
}

// schema describes all documents: one alternative for each kind and connector.
func (s *session) schema() map[string]any {
	document := func(kind string, spec map[string]any) map[string]any {
		return map[string]any{"type": "object", "additionalProperties": false, "required": []string{"apiVersion", "kind", "metadata", "spec"}, "properties": map[string]any{
			"apiVersion": map[string]any{"const": config.APIVersion}, "kind": map[string]any{"const": kind}, "spec": spec,
			"metadata": map[string]any{"type": "object", "additionalProperties": false, "required": []string{"name"}, "properties": map[string]any{
				"name": map[string]any{"type": "string"}, "description": map[string]any{"type": "string"}}}}}
	}
	use := func(name string, cfg any, withCredential bool) map[string]any {
		spec := config.Schema(cfg)
		properties := spec["properties"].(map[string]any)
		properties["connector"] = map[string]any{"const": name}
		if withCredential {
			properties["credential"] = map[string]any{"type": "string"}
		}
		spec["required"] = []string{"connector"}
		return spec
	}
	defs := map[string]any{"Credential": document("Credential", config.Schema(&credential.Settings{Cloud: "worldwide"})), "Flow": document("Flow", config.Schema(flow.Defaults()))}
	for _, c := range s.connectors {
		if c.Source != nil {
			defs["Source "+c.Name] = document("Source", use(c.Name, c.Source.Config(), c.Credential != nil))
		}
		if c.Destination != nil {
			defs["Destination "+c.Name] = document("Destination", use(c.Name, c.Destination.Config(), c.Credential != nil))
		}
	}
	var kinds []map[string]any
	for _, name := range sortedKeys(defs) {
		kinds = append(kinds, map[string]any{"$ref": "#/$defs/" + name})
	}
	return map[string]any{"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "headrace/v1", "anyOf": kinds, "$defs": defs}
}
