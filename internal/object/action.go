package object

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/headrace/headrace/internal/config"
	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
)

// Act runs one of a use's named operations, with input, a mapping of its settings. env is asked when the input is right.
func (u Use) Act(ctx context.Context, actions []connector.Action, name string, input *yaml.Node, env func() (connector.Env, error)) (json.RawMessage, error) {
	var names []string
	for _, a := range actions {
		if a.Name == name {
			return u.act(ctx, a, input, env)
		}
		names = append(names, a.Name)
	}
	return nil, (&fault.Error{Class: fault.NotFound, Code: "action_not_found", Title: fmt.Sprintf("%s has no action %q%s", u.Connector.Name, name, config.DidYouMean(name, names))}).
		WithHint("It has: %s", strings.Join(names, ", "))
}

func (u Use) act(ctx context.Context, a connector.Action, input *yaml.Node, env func() (connector.Env, error)) (json.RawMessage, error) {
	var in connector.Config
	if a.Input != nil {
		in = a.Input()
		problems := config.Decode(input, in, "")
		if len(problems) == 0 {
			problems = in.Validate()
		}
		if err := problems.Err(); err != nil {
			return nil, err
		}
	}
	e, err := env()
	if err != nil {
		return nil, err
	}
	return a.Run(ctx, u.Config, e, in)
}
