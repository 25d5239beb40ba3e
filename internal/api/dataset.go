package api

import (
	"context"
	"time"

	"github.com/headrace/headrace/internal/dataset"
	"github.com/headrace/headrace/internal/store"
)

// DatasetList lists data sets: of each source what its records look like.
var DatasetList = Operation[UseQuery, Page[dataset.View]]{Name: "dataset.list", Route: "GET /datasets", Summary: "List data sets", Do: func(ctx context.Context, s *Services, in UseQuery) (Page[dataset.View], error) {
	f, err := in.filter(ctx, s.Store)
	if err != nil {
		return Page[dataset.View]{}, err
	}
	return paged(s.Datasets.Page(ctx, f, in.page()))
}}

// DatasetShow shows one: its streams, and who uses it.
var DatasetShow = Operation[Named, dataset.View]{Name: "dataset.show", Route: "GET /datasets/{name}", Summary: "Show a data set: its streams, and who uses it", Do: func(ctx context.Context, s *Services, in Named) (dataset.View, error) {
	return s.Datasets.Show(ctx, in.Name)
}}

// A DatasetPart is a data set or one of its streams.
type DatasetPart struct {
	Name   string `json:"name"`
	Stream string `json:"stream,omitempty" doc:"only this stream; all if not said"`
}

// DatasetRecords asks for records that are kept.
type DatasetRecords struct {
	DatasetPart
	Limit int `json:"limit,omitempty" doc:"how many; 100 if not said, which is the most that are kept"`
}

// DatasetSample gives the records that are kept for looking at.
var DatasetSample = Operation[DatasetRecords, Page[dataset.SampleView]]{Name: "dataset.sample", Route: "GET /datasets/{name}/samples", Summary: "Show the last records of a data set that are kept", Do: func(ctx context.Context, s *Services, in DatasetRecords) (Page[dataset.SampleView], error) {
	all, err := s.Datasets.Samples(ctx, in.Name, in.Stream, in.Limit)
	return paged(all, "", err)
}}

// DatasetSchema gives the fields that records have.
var DatasetSchema = Operation[DatasetPart, dataset.Schema]{Name: "dataset.schema", Route: "GET /datasets/{name}/schema", Summary: "Show the fields of a data set", Do: func(ctx context.Context, s *Services, in DatasetPart) (dataset.Schema, error) {
	return s.Datasets.Schema(ctx, in.Name, in.Stream)
}}

// DatasetChanges asks what changed.
type DatasetChanges struct {
	DatasetPart
	Query
	Since time.Time `json:"since,omitzero" doc:"only what was noticed since; all that is known if not said"`
}

// DatasetDiff gives what changed about the fields of records, the newest first.
var DatasetDiff = Operation[DatasetChanges, Page[dataset.ChangeView]]{Name: "dataset.diff", Route: "GET /datasets/{name}/changes", Summary: "List what changed about the fields of a data set", Do: func(ctx context.Context, s *Services, in DatasetChanges) (Page[dataset.ChangeView], error) {
	return paged(s.Datasets.Changes(ctx, in.Name, store.ChangeFilter{Stream: in.Stream, Since: in.Since, Query: in.Q}, in.page()))
}}

// DatasetForgetting says what of a data set is forgotten.
type DatasetForgetting struct {
	Name    string `json:"name"`
	Records bool   `json:"records,omitempty" doc:"only the records that are kept; not the fields and what changed about them"`
}

// DatasetForget forgets what is kept of a data set. What comes by later is looked at again.
var DatasetForget = Operation[DatasetForgetting, None]{Name: "dataset.forget", Route: "DELETE /datasets/{name}", Of: store.Source, Summary: "Forget what is kept of a data set", Changes: true, Do: func(ctx context.Context, s *Services, in DatasetForgetting) (None, error) {
	return None{}, s.Datasets.Forget(ctx, in.Name, !in.Records)
}}
