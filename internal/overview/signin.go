package overview

import (
	"context"
	"strings"

	"github.com/headrace/headrace/internal/microsoft"
	"github.com/headrace/headrace/internal/store"
)

// signIn gives a problem the way out where a sign-in was refused: it is mended at the credential, not at what used it. credential is its ID, or 0: that of the first of
// these objects that has one.
func (s *Service) signIn(ctx context.Context, p *Problem, trouble *store.Trouble, credential int64, users ...int64) error {
	if !microsoft.IsSignIn(trouble.Code) {
		return nil
	}
	if credential == 0 {
		known, err := s.Store.ObjectsWithIDs(ctx, users)
		if err != nil {
			return err
		}
		for _, id := range users {
			if credential = known[id].CredentialID; credential != 0 {
				break
			}
		}
	}
	known, err := s.Store.ObjectsWithIDs(ctx, []int64{credential})
	c, ok := known[credential]
	if err != nil || !ok {
		return err
	}
	p.Action = Action{"test", "Look at the credential", store.Credential, c.Name}
	if strings.HasPrefix(trouble.Code, "secret_") {
		p.Action = Action{"rotate", "Rotate secret", store.Credential, c.Name}
	}
	return nil
}
