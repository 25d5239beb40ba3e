package app

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/headrace/headrace/internal/api"
	"github.com/headrace/headrace/internal/audit"
	"github.com/headrace/headrace/internal/credential"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/secret"
	"github.com/headrace/headrace/internal/store"
)

// keys does what api.Keys offers.
type keys struct{ a *App }

// Describe names the keys, and the nodes that use them.
func (k keys) Describe(ctx context.Context) (api.KeyInfo, error) {
	v := k.a.Vault
	info := api.KeyInfo{MasterID: v.Master().ID, Master: v.Master().At, Revision: v.Revision()}
	for _, d := range v.DataKeys() {
		info.Keys++
		if d.Primary {
			info.KeyID = fmt.Sprintf("%08x", d.ID)
		}
	}
	if !k.a.store.Shared() {
		return info, nil
	}
	nodes, err := k.a.store.Nodes(ctx)
	for _, n := range nodes {
		info.Nodes = append(info.Nodes, api.KeyNode{Name: n.Name, Revision: n.Keyset, Seen: n.Seen, Silent: k.a.now().Sub(n.Seen) > silent})
	}
	return info, err
}

// Rotate makes a new data key, seals all secrets anew with it, and retires the old ones. It goes on with a rotation that was
// stopped.
//
// Every step leaves a keyset that opens all there is: the new key is added; when every node has it, it seals; when every node seals by it, all
// secrets are sealed anew; when that is so twice with a report of every node between, the old keys go.
func (k keys) Rotate(ctx context.Context, gone []string) (api.KeyInfo, error) {
	for _, name := range gone {
		if err := k.a.store.ForgetNode(ctx, name); err != nil {
			return api.KeyInfo{}, err
		}
	}
	if err := k.a.Vault.Reload(ctx); err != nil {
		return api.KeyInfo{}, err
	}
	resumed, err := k.promote(ctx)
	if err != nil {
		return api.KeyInfo{}, err
	}
	n, err := k.resealAll(ctx)
	if err != nil {
		return api.KeyInfo{}, fmt.Errorf("seal the secrets anew (the old keys are kept, so all of them still open): %w", err)
	}
	for _, d := range k.a.Vault.DataKeys() {
		if d.Primary {
			continue
		}
		if err := k.a.Vault.RetireDataKey(ctx, d.ID); err != nil {
			return api.KeyInfo{}, err
		}
	}
	info, err := k.Describe(ctx)
	info.Resealed, info.Resumed = n, resumed
	return info, err
}

// promote sees to it that the newest data key seals, on all nodes; resumed: it was there already, from a rotation that stopped.
func (k keys) promote(ctx context.Context) (resumed bool, err error) {
	v := k.a.Vault
	all := v.DataKeys()
	next := all[len(all)-1]
	resumed = len(all) > 1
	if !resumed {
		if next.ID, err = v.AddDataKey(ctx); err != nil {
			return false, err
		}
	}
	if !next.Primary || !resumed {
		if err := k.await(ctx, "the new data key is made, and nothing is sealed by it yet"); err != nil {
			return resumed, err
		}
		if err := v.PromoteDataKey(ctx, next.ID); err != nil {
			return resumed, err
		}
	}
	return resumed, k.await(ctx, "the new data key seals, and the old one still opens")
}

// resealAll seals what an old key sealed, until a look at everything finds none.
func (k keys) resealAll(ctx context.Context) (int, error) {
	total := 0
	for {
		n, err := k.reseal(ctx)
		total += n
		if err != nil || n == 0 {
			return total, err
		}
		if err := k.await(ctx, "secrets are sealed anew, and the old data key still opens"); err != nil {
			return total, err
		}
	}
}

func (k keys) reseal(ctx context.Context) (int, error) {
	all, err := k.a.store.SealedSecrets(ctx)
	if err != nil {
		return 0, err
	}
	n := 0
	for _, sec := range all {
		sealed, changed, err := k.a.Vault.Reseal(ctx, sec.Sealed, place(sec.Owner))
		if err != nil {
			return n, err
		}
		if !changed {
			continue
		}
		if err := k.a.store.Reseal(ctx, sec, sealed); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// place is what the secret of an owner is sealed to.
func place(owner string) string {
	if owner == audit.KeyOwner {
		return audit.KeyPlace
	}
	return credential.Place(owner)
}

const (
	awaitMost  = time.Minute // for nodes that report
	awaitEvery = 100 * time.Millisecond
)

// await waits until every node has reported, from now on, that it has the keyset that this one has. A node that does not
// report is named at once.
func (k keys) await(ctx context.Context, step string) error {
	if !k.a.store.Shared() {
		return nil
	}
	if err := k.a.report(ctx); err != nil {
		return err
	}
	since, revision := k.a.now(), k.a.Vault.Revision()
	for {
		nodes, err := k.a.store.Nodes(ctx)
		if err != nil {
			return err
		}
		late := slices.DeleteFunc(nodes, func(n store.Node) bool {
			return n.Name == k.a.Services.About.Node || n.Keyset >= revision && n.Seen.After(since)
		})
		if len(late) == 0 {
			return nil
		}
		if err := k.tooLate(late, since, revision, step); err != nil {
			return err
		}
		select {
		case <-time.After(awaitEvery):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// tooLate tells which nodes there is no use in waiting for; nil: wait.
func (k keys) tooLate(late []store.Node, since time.Time, revision int64, step string) error {
	now := k.a.now()
	var down, names, behind []string
	for _, n := range late {
		if quiet := now.Sub(n.Seen); quiet > silent {
			names = append(names, "--forget-node "+n.Name)
			down = append(down, fmt.Sprintf("%s (for %s)", n.Name, quiet.Round(time.Second)))
		} else if now.Sub(since) > awaitMost {
			behind = append(behind, fmt.Sprintf("%s (revision %d)", n.Name, n.Keyset))
		}
	}
	const again = " Then run headrace key rotate again; it goes on where it stopped."
	switch {
	case len(down) > 0:
		return (&fault.Error{Class: fault.Unavailable, Code: "node_silent", Title: "the rotation can't go on: these nodes do not report: " + strings.Join(down, ", ") + "; " + step}).
			WithHint("Start a node that is only down. For one that is gone for good: headrace key rotate %s.%s", strings.Join(names, " "), again)
	case len(behind) > 0:
		return (&fault.Error{Class: fault.Unavailable, Code: "node_behind", Title: fmt.Sprintf("the rotation can't go on: these nodes have not read revision %d of the keyset: %s; %s", revision, strings.Join(behind, ", "), step)}).
			WithHint("Their logs say why; mostly they were started with a master key that was replaced since. Start them anew.%s", again)
	}
	return nil
}

// RotateMaster wraps the keyset under another master key.
func (k keys) RotateMaster(ctx context.Context, url string) (api.KeyInfo, error) {
	if err := k.a.Vault.RotateMaster(ctx, secret.New(url)); err != nil {
		return api.KeyInfo{}, err
	}
	return k.Describe(ctx)
}
