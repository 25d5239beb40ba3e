package registry_test

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/connector/registry"
)

// shared are the folders beside the connectors that are none.
var shared = []string{"connectortest", "registry"}

func TestEveryFolderIsListedAndWhole(t *testing.T) {
	t.Parallel()
	folders, err := os.ReadDir("..")
	if err != nil {
		t.Fatal(err)
	}
	readmes := map[string]bool{}
	for _, spec := range registry.Specs() {
		readmes[spec.README] = true
	}
	for _, folder := range folders {
		if !folder.IsDir() || slices.Contains(shared, folder.Name()) {
			continue
		}
		readme, err := os.ReadFile(filepath.Join("..", folder.Name(), "README.md"))
		if err != nil || len(readme) < 500 {
			t.Errorf("%s: README.md has %d bytes, %v; operators need one", folder.Name(), len(readme), err)
		} else if !readmes[string(readme)] {
			t.Errorf("%s: no connector in the list has its README.md", folder.Name())
		}
		contract, err := os.ReadFile(filepath.Join("..", folder.Name(), "contract_test.go"))
		if err != nil || !regexp.MustCompile(`connectortest\.(Source|Destination)\(`).Match(contract) {
			t.Errorf("%s: contract_test.go does not run the contract (%v)", folder.Name(), err)
		}
	}
}

func TestSpecsAreComplete(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for _, spec := range registry.Specs() {
		t.Run(spec.Name, func(t *testing.T) {
			if !regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`).MatchString(spec.Name) || names[spec.Name] {
				t.Errorf("name %q is no name, or there twice", spec.Name)
			}
			names[spec.Name] = true
			if spec.Title == "" || !strings.HasSuffix(spec.Summary, ".") || !strings.HasPrefix(spec.README, "# ") {
				t.Error("title, a summary that is a sentence, and README are needed")
			}
			if spec.Source == nil && spec.Destination == nil {
				t.Error("it neither reads nor writes")
			}
			if spec.Source != nil && spec.Source.Samples == nil {
				t.Error("nobody can say that no records are kept to look at: Samples is missing")
			}
			for what, cfg := range configs(spec) {
				documented(t, what, reflect.TypeOf(cfg).Elem())
			}
			for _, a := range actions(spec) {
				if a.Name == "" || !strings.HasSuffix(a.Summary, ".") || a.Input == nil || a.Run == nil {
					t.Errorf("action %q lacks name, a sentence, input or Run", a.Name)
				}
			}
		})
	}
}

// actions are those of both halves.
func actions(spec connector.Spec) []connector.Action {
	var out []connector.Action
	if spec.Source != nil {
		out = append(out, spec.Source.Actions...)
	}
	if spec.Destination != nil {
		out = append(out, spec.Destination.Actions...)
	}
	return out
}

func configs(spec connector.Spec) map[string]connector.Config {
	out := map[string]connector.Config{}
	if spec.Source != nil {
		out["source"] = spec.Source.Config()
	}
	if spec.Destination != nil {
		out["destination"] = spec.Destination.Config()
	}
	for _, a := range actions(spec) {
		if a.Input != nil {
			out["action "+a.Name] = a.Input()
		}
	}
	return out
}

var settingName = regexp.MustCompile(`^[a-z][a-zA-Z0-9]*$`)

// documented checks that each setting has a name and a help text, also in structs within.
func documented(t *testing.T, what string, typ reflect.Type) {
	t.Helper()
	for i := range typ.NumField() {
		f := typ.Field(i)
		if !f.IsExported() {
			continue
		}
		name := strings.Split(f.Tag.Get("yaml"), ",")[0]
		if !settingName.MatchString(name) {
			t.Errorf("%s: field %s has no setting name but %q", what, f.Name, name)
		}
		if len(f.Tag.Get("doc")) < 10 {
			t.Errorf("%s: setting %s has no help text", what, name)
		}
		if f.Type.Kind() == reflect.Struct && !reflect.PointerTo(f.Type).Implements(reflect.TypeFor[interface{ UnmarshalText([]byte) error }]()) {
			documented(t, what+" "+name, f.Type)
		}
	}
}
