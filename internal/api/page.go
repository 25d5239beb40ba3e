package api

import (
	"context"
	"strings"
)

// A Query asks for a page of a list.
type Query struct {
	After string `json:"after,omitempty" doc:"next of the page before"`
	Limit int    `json:"limit,omitempty" doc:"how many; 100 if not said, at most 1000"`
	Q     string `json:"q,omitempty" doc:"part of a name or description"`
}

// next asks for the page that follows.
func (q Query) next(after string) Query {
	q.After, q.Limit = after, mostItems
	return q
}

// A Page is a piece of a list. Next is empty after the last.
type Page[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty" doc:"send it as after to get the page that follows"`
}

const (
	someItems = 100
	mostItems = 1000
)

func limitOf(asked int) int {
	if asked <= 0 {
		return someItems
	}
	return min(asked, mostItems)
}

// pageOf cuts a page from a list that is in the order of its names.
func pageOf[T any](all []T, q Query, words func(T) (name, description string)) Page[T] {
	page, limit, wanted := Page[T]{Items: []T{}}, limitOf(q.Limit), strings.ToLower(q.Q)
	for _, one := range all {
		name, description := words(one)
		if name <= q.After && q.After != "" || !strings.Contains(strings.ToLower(name+"\n"+description), wanted) {
			continue
		}
		if len(page.Items) == limit {
			last, _ := words(page.Items[limit-1])
			page.Next = last
			break
		}
		page.Items = append(page.Items, one)
	}
	return page
}

// Every gives a whole list, page by page.
func Every[T any](ctx context.Context, conn Conn, op Operation[Query, Page[T]], q Query) ([]T, error) {
	var all []T
	for q = q.next(""); ; q = q.next(q.After) {
		page, err := Call(ctx, conn, op, q)
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
