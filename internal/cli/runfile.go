package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/headrace/headrace/internal/app"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/store"
)

func (s *session) runFile() *cobra.Command {
	var (
		f    fileFlags
		once bool
	)
	c := &cobra.Command{Use: "run -f FILE", Short: "Apply files and collect in this one process, or look at runs", Args: noArgs,
		Long: "Applies the files to the data folder and collects, without a server. With --once it ends when all that is available now is delivered:\n" +
			"for cron and CI. Exit code 8: it ended, but with dead letters, failed or lost deliveries, or a crawl waits for approval.\n" +
			"Stopped by Ctrl-C or SIGTERM it finishes the batch in hand (at most 20 s) and exits 0; the next run goes on from there.",
		Example: examples("headrace run -f contoso.yaml --once", "", "headrace run -f contoso.yaml", "for ever", "headrace run list", "backfills, replays and crawls"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if len(f.paths) == 0 && !once { // with --once somebody, cron perhaps, means to run something
				return cmd.Help()
			}
			r, err := f.request(s)
			if err != nil {
				return err
			}
			a, err := s.open(cmd.Context(), openOptions{serving: true})
			if err != nil {
				return err
			}
			defer func() { _ = a.Close() }()
			p, err := a.Services.Files.Apply(cmd.Context(), r)
			if err != nil {
				return err
			}
			if p.Changes() {
				s.say("Applied %d objects (file set %s).", len(p.Steps), p.Set)
			}
			if once {
				return s.runOnce(cmd.Context(), a)
			}
			return s.runOn(cmd.Context(), a)
		}}
	f.add(c, true)
	c.Flags().BoolVar(&once, "once", false, "end when all that is available now is delivered")
	return c
}

func (s *session) runOnce(ctx context.Context, a *app.App) error {
	begun := time.Now()
	did, err := s.collectOnce(ctx, a)
	stopped := ctx.Err() != nil && s.stop.interrupted()
	if err != nil && !stopped {
		s.say("%s", did.summary(time.Since(begun)))
		if did.unwhole() {
			s.complain(err)
			return codeError(exitDeadLetters)
		}
		return err
	}
	if ctx.Err() != nil && !stopped {
		return context.Cause(ctx)
	}
	if s.flags.progress == "json" {
		raw, err := json.Marshal(map[string]any{"event": "summary", "counts": did.Counts, "failed": did.Failed, "gaps": did.Gaps, "waiting": held(did.Held)})
		if err != nil {
			return fmt.Errorf("write the summary: %w", err)
		}
		s.say("%s", raw)
	} else {
		s.say("%s", did.summary(time.Since(begun)))
	}
	if stopped {
		s.say("Stopped; the next run goes on from here.")
		return nil
	}
	if did.Dead > 0 {
		s.next("headrace deadletter list")
	}
	return did.exit()
}

// held are the UIDs of crawls that wait for approval.
func held(runs []store.Run) []string {
	uids := make([]string, 0, len(runs))
	for _, r := range runs {
		uids = append(uids, r.UID)
	}
	return uids
}

// runOn collects until somebody stops it.
func (s *session) runOn(ctx context.Context, a *app.App) error {
	begun := time.Now()
	before, err := begin(ctx, a)
	if err != nil {
		return err
	}
	watch, stop := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() { defer close(ended); s.follow(watch, a, before) }()
	err = a.Serve(ctx, app.ServeOptions{})
	stop()
	<-ended
	if after, lookErr := before.look(context.WithoutCancel(ctx), a); lookErr == nil {
		s.say("%s", after.since(before).summary(time.Since(begun)))
	}
	return s.afterServing(ctx, err)
}

// afterServing makes a stop on request a good end.
func (s *session) afterServing(ctx context.Context, err error) error {
	if s.stop.interrupted() && (err == nil || isCanceled(err)) {
		return nil
	}
	if err == nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// follow shows progress until ctx ends.
func (s *session) follow(ctx context.Context, a *app.App, before totals) {
	bar := s.progress()
	defer bar.end()
	if bar.kind == "none" {
		return
	}
	for pause(ctx, 500*time.Millisecond) == nil {
		if now, err := before.look(ctx, a); err == nil {
			bar.show(now.since(before).snapshot())
		} else if fault.ClassOf(err) != fault.Canceled {
			s.log.Debug("progress", "err", err)
		}
	}
}
