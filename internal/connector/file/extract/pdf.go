package extract

import "context"

func pdf(ctx context.Context, data []byte, l Limits) (Document, error) {
	return Document{}, refuse("pdf", "", "not yet")
}
