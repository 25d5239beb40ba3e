// Package registry lists the connectors. A new one is one line here.
package registry

import (
	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/connector/copilot"
	"github.com/headrace/headrace/internal/connector/file"
	"github.com/headrace/headrace/internal/connector/office365"
	"github.com/headrace/headrace/internal/connector/stdout"
)

// Specs are all connectors, in the order in which people see them.
func Specs() []connector.Spec {
	return []connector.Spec{
		office365.Spec(),
		copilot.Spec(),
		file.Spec(),
		stdout.Spec(),
	}
}
