package copilot

import "github.com/headrace/headrace/internal/connector"

func sourceActions() []connector.Action      { return nil }
func destinationActions() []connector.Action { return nil }
