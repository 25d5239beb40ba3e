package credential

import (
	"context"

	"github.com/headrace/headrace/internal/microsoft"
	"github.com/headrace/headrace/internal/store"
)

// refused gives, of credentials whose sign-in was refused to something that uses them, what it was told last: a test that went well
// yesterday says little of a secret that ended today.
func (s *Service) refused(ctx context.Context, users map[int64]store.Users) (map[int64]store.Trouble, error) {
	owner := map[string]map[int64]int64{store.Source: {}, store.Destination: {}} // by kind and ID of what uses one: the credential
	ids := map[string][]int64{}
	for credential, of := range users {
		for _, use := range of.First {
			if owners, ok := owner[use.Kind]; ok {
				owners[use.ID] = credential
				ids[use.Kind] = append(ids[use.Kind], use.ID)
			}
		}
	}
	found := map[int64]store.Trouble{}
	note := func(credential int64, t store.Troubled) {
		if t.Trouble != nil && microsoft.IsSignIn(t.Trouble.Code) && t.Trouble.Since.After(found[credential].Since) {
			found[credential] = *t.Trouble
		}
	}
	listings, err := s.Store.ListingTroubles(ctx, ids[store.Source])
	if err != nil {
		return nil, err
	}
	for source, t := range listings {
		note(owner[store.Source][source], t)
	}
	for kind, owners := range owner {
		flows, err := s.Store.UsersOf(ctx, kind, ids[kind], mostFlows)
		if err != nil {
			return nil, err
		}
		if err := s.lanes(ctx, flows, owners, note); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// mostFlows are looked at for one source or destination: what stops one of them stops all.
const mostFlows = 3

func (s *Service) lanes(ctx context.Context, flows map[int64]store.Users, owners map[int64]int64, note func(int64, store.Troubled)) error {
	owner := map[int64]int64{}
	var ids []int64
	for use, of := range flows {
		for _, flow := range of.First {
			owner[flow.ID] = owners[use]
			ids = append(ids, flow.ID)
		}
	}
	lanes, err := s.Store.LaneTroubles(ctx, ids)
	for flow, t := range lanes {
		note(owner[flow], t)
	}
	return err
}

// refusedState makes a credential's state of what its use was told.
func refusedState(t store.Trouble) (state, fact string) {
	switch t.Code {
	case "secret_expired":
		return Expired, t.Line()
	case "no_roles", "consent_missing":
		return PermissionMissing, t.Line()
	}
	return Refused, t.Line()
}
