package api

import (
	"context"

	"github.com/headrace/headrace/internal/object"
	"github.com/headrace/headrace/internal/store"
)

// A CredentialQuery picks credentials.
type CredentialQuery struct {
	Query
	Type   string `json:"type,omitempty" doc:"only of this type, a connector's name"`
	Tenant string `json:"tenant,omitempty" doc:"only of this tenant"`
	Owner  string `json:"owner,omitempty" doc:"only of this owner: ui, or a file set"`
}

func (q CredentialQuery) filter() store.ObjectFilter {
	return store.ObjectFilter{Query: q.Q, Connector: q.Type, Tenant: q.Tenant, Owner: q.Owner}
}

// A UseQuery picks sources or destinations.
type UseQuery struct {
	Query
	Connector  string `json:"connector,omitempty" doc:"only of this connector"`
	Credential string `json:"credential,omitempty" doc:"only those that sign in with this credential"`
	Tenant     string `json:"tenant,omitempty" doc:"only of this tenant"`
	Owner      string `json:"owner,omitempty" doc:"only of this owner: ui, or a file set"`
	Paused     *bool  `json:"paused,omitempty" doc:"only those that are paused, or that are not"`
}

func (q UseQuery) filter(ctx context.Context, look object.Look) (store.ObjectFilter, error) {
	c, err := object.Picked(ctx, look, store.Credential, q.Credential, "credential")
	return store.ObjectFilter{Query: q.Q, Connector: q.Connector, CredentialID: c.ID, Tenant: q.Tenant, Owner: q.Owner, Paused: q.Paused}, err
}

// A FlowQuery picks flows.
type FlowQuery struct {
	Query
	Source      string `json:"source,omitempty" doc:"only those that read this source"`
	Destination string `json:"destination,omitempty" doc:"only those that write to this destination"`
	Mode        string `json:"mode,omitempty" doc:"only append, or only mirror" enum:"append,mirror"`
	Tenant      string `json:"tenant,omitempty" doc:"only of this tenant"`
	Owner       string `json:"owner,omitempty" doc:"only of this owner: ui, or a file set"`
	Paused      *bool  `json:"paused,omitempty" doc:"only those that are paused, or that are not"`
}

func (q FlowQuery) filter(ctx context.Context, look object.Look) (store.ObjectFilter, error) {
	f := store.ObjectFilter{Query: q.Q, Tenant: q.Tenant, Owner: q.Owner, Paused: q.Paused}
	if q.Mode != "" {
		f.Mirror = new(q.Mode == "mirror")
	}
	src, err := object.Picked(ctx, look, store.Source, q.Source, "source")
	if err != nil {
		return f, err
	}
	dst, err := object.Picked(ctx, look, store.Destination, q.Destination, "destination")
	f.SourceID, f.DestinationID = src.ID, dst.ID
	return f, err
}
