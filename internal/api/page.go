package api

import (
	"context"

	"github.com/headrace/headrace/internal/store"
)

// A Query asks for a page of a list.
type Query struct {
	After string `json:"after,omitempty" doc:"next of the page before"`
	Limit int    `json:"limit,omitempty" doc:"how many; 100 if not said, at most 1000"`
	Q     string `json:"q,omitempty" doc:"part of a name or description"`
}

// query gives the part of an input that says which page.
func (q *Query) query() *Query { return q }

func (q Query) page() store.Page { return store.Page{After: q.After, Limit: q.Limit} }

// A Listed is a pointer to an input that asks for a page: one that has a Query in it.
type Listed[In any] interface {
	*In
	query() *Query
}

// A Page is a piece of a list. Next is empty after the last.
type Page[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty" doc:"send it as after to get the page that follows"`
}

const mostItems = 1000

// paged makes a page of what the store gave.
func paged[T any](items []T, next string, err error) (Page[T], error) {
	if items == nil {
		items = []T{}
	}
	return Page[T]{Items: items, Next: next}, err
}

// Every gives a whole list, page by page.
func Every[In, T any, P Listed[In]](ctx context.Context, conn Conn, op Operation[In, Page[T]], in In) ([]T, error) {
	var all []T
	for q := P(&in).query(); ; {
		q.Limit = mostItems
		page, err := Call(ctx, conn, op, in)
		if err != nil {
			return all, err
		}
		all = append(all, page.Items...)
		if page.Next == "" {
			return all, nil
		}
		q.After = page.Next
	}
}
