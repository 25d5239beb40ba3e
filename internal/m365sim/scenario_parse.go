package m365sim

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"
)

// A ScenarioError holds all that is wrong with a scenario, one problem a line.
type ScenarioError struct{ Problems []string }

// Error names every problem.
func (e *ScenarioError) Error() string {
	if len(e.Problems) == 1 {
		return "scenario: " + e.Problems[0]
	}
	return fmt.Sprintf("scenario has %d problems:\n  %s", len(e.Problems), strings.Join(e.Problems, "\n  "))
}

// ParseScenario reads a scenario in YAML. What it doesn't mention stays as in DefaultScenario; a tenant's content
// begins with the scenario's. Unknown keys, wrong types and impossible values come back together, with their lines,
// as a *ScenarioError.
func ParseScenario(text []byte) (Scenario, error) {
	scenario := DefaultScenario()
	scenario.Tenants = nil
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	err := decoder.Decode(&scenario)
	if errors.Is(err, io.EOF) {
		return DefaultScenario(), nil
	}
	problems := &ScenarioError{}
	var wrongTypes *yaml.TypeError
	switch {
	case errors.As(err, &wrongTypes):
		for _, text := range wrongTypes.Errors {
			problems.Problems = append(problems.Problems, friendly(text))
		}
	case err != nil:
		return Scenario{}, &ScenarioError{Problems: []string{strings.TrimPrefix(err.Error(), "yaml: ") + " (this is not well-formed YAML)"}}
	}
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return Scenario{}, &ScenarioError{Problems: []string{err.Error()}}
	}
	if len(problems.Problems) == 0 {
		inheritContent(&scenario, &document)
		inheritProfile(&scenario, &document)
	}
	if len(scenario.Tenants) == 0 {
		scenario.Tenants = DefaultScenario().Tenants
	}
	for _, p := range scenario.problems() {
		problems.Problems = append(problems.Problems, located(&document, p))
	}
	if len(problems.Problems) > 0 {
		return Scenario{}, problems
	}
	return scenario, nil
}

// friendly turns the decoder's words into ours.
func friendly(text string) string {
	place, rest, found := strings.Cut(text, ": field ")
	if name, of, unknown := strings.Cut(rest, " not found in type m365sim."); found && unknown {
		return fmt.Sprintf("%s: %s is not a key of %s", place, name, strings.ToLower(of))
	}
	return text
}

// inheritContent decodes each tenant's content again, over the scenario's.
func inheritContent(scenario *Scenario, document *yaml.Node) {
	for i := range scenario.Tenants {
		node := find(document, fmt.Sprintf("tenants[%d].content", i))
		if scenario.Tenants[i].Content == nil || node == nil {
			continue
		}
		content := scenario.Content
		if node.Decode(&content) == nil { // it decoded once already
			scenario.Tenants[i].Content = &content
		}
	}
}

// inheritProfile decodes the rules of Graph again, over those of the profile they name.
func inheritProfile(scenario *Scenario, document *yaml.Node) {
	node := find(document, "graph")
	if node == nil || scenario.Graph.Profile != "realistic" || scenario.Graph.Scale <= 0 {
		return
	}
	rules := RealisticGraph(scenario.Graph.Scale)
	if node.Decode(&rules) == nil { // it decoded once already
		scenario.Graph = rules
	}
}

// located puts the line in front of a problem.
func located(document *yaml.Node, p problem) string {
	path := p.path
	for path != "" {
		if node := find(document, path); node != nil {
			return fmt.Sprintf("line %d: %s: %s", node.Line, p.path, p.text)
		}
		path = path[:max(strings.LastIndexByte(path, '.'), 0)]
	}
	return p.path + ": " + p.text
}

// find walks to a node by a path such as tenants[0].apps[1].id.
func find(node *yaml.Node, path string) *yaml.Node {
	if node.Kind == yaml.DocumentNode && len(node.Content) > 0 {
		node = node.Content[0]
	}
	for step := range strings.SplitSeq(path, ".") {
		name, index, indexed := strings.Cut(strings.TrimSuffix(step, "]"), "[")
		if node = member(node, name); node == nil {
			return nil
		}
		if !indexed {
			continue
		}
		var at int
		if _, err := fmt.Sscan(index, &at); err != nil || at >= len(node.Content) {
			return nil
		}
		node = node.Content[at]
	}
	return node
}

func member(node *yaml.Node, name string) *yaml.Node {
	if node.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == name {
			return node.Content[i+1]
		}
	}
	return nil
}
