package api

import (
	"context"
	"encoding/json"

	"github.com/headrace/headrace/internal/account"
	"github.com/headrace/headrace/internal/credential"
	"github.com/headrace/headrace/internal/dataset"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/object"
	"github.com/headrace/headrace/internal/source"
	"github.com/headrace/headrace/internal/store"
)

// An Unsaved is an object as a form has it: not stored, perhaps without a name.
type Unsaved struct {
	Name string          `json:"name,omitempty" doc:"the name that it is going to have"`
	Spec json.RawMessage `json:"spec" doc:"its settings, as in a file"`
	Of   string          `json:"of,omitempty" doc:"the object that it would change; none: it would be a new one"`
}

func (u Unsaved) draft() (object.Draft, error) {
	node, err := mapping(u.Spec, "spec")
	return object.Draft{Name: u.Name, Spec: node}, err
}

// An UnsavedObject is one of any kind.
type UnsavedObject struct {
	Unsaved
	Kind string `json:"kind" enum:"credential,source,destination,flow"`
}

// A Judgment is what keeps a draft from being saved.
type Judgment struct {
	Valid    bool            `json:"valid"`
	Problems []fault.Problem `json:"problems"`
}

// DraftValidate tells everything that is wrong with a draft, and makes nothing.
var DraftValidate = Operation[UnsavedObject, Judgment]{Name: "draft.validate", Route: "POST /drafts/validate", Role: account.Operator, Summary: "Tell all problems of an object that is not saved", Do: func(ctx context.Context, s *Services, in UnsavedObject) (Judgment, error) {
	d, err := in.draft()
	if err != nil {
		return Judgment{}, err
	}
	keeper := map[string]object.Keeper{store.Credential: s.Credentials.Keeper, store.Source: s.Sources.Keeper, store.Destination: s.Destinations.Keeper, store.Flow: s.Flows.Keeper}[in.Kind]
	problems, err := keeper.Problems(ctx, d, in.Of)
	return Judgment{Valid: len(problems) == 0, Problems: append([]fault.Problem{}, problems...)}, err
}}

// An UnsavedCredential is a credential with its secret or without.
type UnsavedCredential struct {
	Unsaved
	Secret Sensitive `json:"secret,omitzero" doc:"the client secret; none: the one that spec refers to, or that of the saved credential"`
}

// A CredentialTrial is the test of a credential that is not saved.
type CredentialTrial struct {
	Checks
	TenantID string          `json:"tenant_id"` // what a domain was resolved to
	Help     credential.Help `json:"help"`
}

// DraftCredentialTest signs in with a credential that is not saved, and stores nothing.
var DraftCredentialTest = Operation[UnsavedCredential, CredentialTrial]{Name: "draft.credential-test", Route: "POST /drafts/credential/test", Role: account.Operator, Summary: "Check what a credential that is not saved may do", Do: func(ctx context.Context, s *Services, in UnsavedCredential) (CredentialTrial, error) {
	d, err := in.draft()
	if err != nil {
		return CredentialTrial{}, err
	}
	t, err := s.Credentials.TestDraft(ctx, d, in.Secret.Text, in.Of)
	return CredentialTrial{Checks: checks(in.Name, t.Checks), TenantID: t.TenantID, Help: t.Help}, err
}}

// DraftSourceTest makes the checks of a source that is not saved.
var DraftSourceTest = Operation[Unsaved, Checks]{Name: "draft.source-test", Route: "POST /drafts/source/test", Role: account.Operator, Summary: "Check whether a source that is not saved can be read", Do: func(ctx context.Context, s *Services, in Unsaved) (Checks, error) {
	d, err := in.draft()
	if err != nil {
		return Checks{}, err
	}
	all, err := s.Sources.TestDraft(ctx, d, in.Of)
	return checks(in.Name, all), err
}}

// DraftDestinationTest makes the checks of a destination that is not saved.
var DraftDestinationTest = Operation[Unsaved, Checks]{Name: "draft.destination-test", Route: "POST /drafts/destination/test", Role: account.Operator, Summary: "Check whether a destination that is not saved can be written to", Do: func(ctx context.Context, s *Services, in Unsaved) (Checks, error) {
	d, err := in.draft()
	if err != nil {
		return Checks{}, err
	}
	all, err := s.Destinations.TestDraft(ctx, d, in.Of)
	return checks(in.Name, all), err
}}

// An UnsavedSource is a source of which records are wanted.
type UnsavedSource struct {
	Unsaved
	Count int `json:"count,omitempty" doc:"how many records; 20 if not said, at most 200"`
}

// Sampled are some records and what they look like.
type Sampled struct {
	Records []source.Sample  `json:"records"`
	Schema  dataset.Inferred `json:"schema"`
}

func sampled(all []source.Sample, err error) (Sampled, error) {
	out := Sampled{Records: append([]source.Sample{}, all...)}
	bodies := make([]json.RawMessage, len(all))
	for i, one := range all {
		bodies[i] = one.Body
	}
	out.Schema = dataset.Infer(bodies)
	return out, err
}

// DraftSourceSample reads some records of a source that is not saved.
var DraftSourceSample = Operation[UnsavedSource, Sampled]{Name: "draft.source-sample", Route: "POST /drafts/source/sample", Role: account.Operator, Summary: "Read some records of a source that is not saved", Do: func(ctx context.Context, s *Services, in UnsavedSource) (Sampled, error) {
	d, err := in.draft()
	if err != nil {
		return Sampled{}, err
	}
	return sampled(s.Sources.SampleDraft(ctx, d, in.Of, sampleCount(in.Count)))
}}

func sampleCount(asked int) int {
	if asked <= 0 {
		return 20
	}
	return min(asked, 200)
}

// Records are some records' bodies.
type Records struct {
	Records []json.RawMessage `json:"records"`
}

// SchemaInfer tells what records look like.
var SchemaInfer = Operation[Records, dataset.Inferred]{Name: "schema.infer", Route: "POST /schemas/infer", Summary: "Tell which fields records have", Do: func(_ context.Context, _ *Services, in Records) (dataset.Inferred, error) {
	return dataset.Infer(in.Records), nil
}}

// CloudList lists the clouds that a tenant can live in.
var CloudList = Operation[None, Page[credential.CloudView]]{Name: "credential.clouds", Route: "GET /clouds", Summary: "List Microsoft's clouds and their hosts", Do: func(_ context.Context, s *Services, _ None) (Page[credential.CloudView], error) {
	return paged(s.Credentials.Clouds(), "", nil)
}}
