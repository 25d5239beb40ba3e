package source

import "github.com/headrace/headrace/internal/connector"

// SetPage makes listings give fewer splits at once.
func SetPage(src connector.Source, n int) { src.(*source).page = n }
