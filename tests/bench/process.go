package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// usage is what one finished process took.
type usage struct {
	wall time.Duration
	cpu  time.Duration // user and system
	peak int64         // bytes of memory, the largest at any time
}

// collected runs `headrace run --once` on a file and measures it. A feed's data folder may be used again.
func (b bench) collected(ctx context.Context, file, data string, more ...string) (usage, error) {
	cmd := exec.CommandContext(ctx, b.binary, append([]string{"run", "-f", file, "--once", "--data", data, "--progress", "none"}, more...)...)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	cmd.Env = b.environment()
	began := time.Now()
	if err := cmd.Run(); err != nil {
		return usage{}, fmt.Errorf("headrace run: %w\n%s", err, said.String())
	}
	return used(cmd, time.Since(began)), nil
}

// environment is what headrace runs in.
func (b bench) environment() []string {
	all := append(os.Environ(), "BENCH_SECRET="+secret, "HEADRACE_LISTEN=off")
	if b.profile != "" {
		all = append(all, "HEADRACE_PROFILE="+b.profile)
	}
	return all
}

func used(cmd *exec.Cmd, wall time.Duration) usage {
	u := usage{wall: wall, cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}
	if r, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		u.peak = r.Maxrss * 1024
	}
	return u
}

// cpuOf is the CPU time that a running process has taken so far.
func cpuOf(pid int) (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	var ticks int64
	for _, f := range fields[11:13] {
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return 0, err
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond, nil
}

// memoryOf is the memory of a running process: now, and at its peak.
func memoryOf(pid int) (now, peak int64, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, 0, err
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		n, _ := strconv.ParseInt(fields[1], 10, 64)
		switch fields[0] {
		case "VmRSS:":
			now = n * 1024
		case "VmHWM:":
			peak = n * 1024
		}
	}
	return now, peak, nil
}

// folder makes a fresh folder of a case.
func (b bench) folder(name string) (string, error) {
	dir, err := os.MkdirTemp(b.dir, name+"-*")
	if err != nil {
		return "", err
	}
	return dir, os.MkdirAll(filepath.Join(dir, "out"), 0o755)
}

// lines counts what was delivered.
func lines(dir string) (int, error) {
	n := 0
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.Contains(filepath.Base(path), ".ndjson") {
			return err
		}
		text, err := os.ReadFile(path)
		n += bytes.Count(text, []byte("\n"))
		return err
	})
	return n, err
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// replace replaces pairs of texts.
func replace(text string, pairs ...string) string { return strings.NewReplacer(pairs...).Replace(text) }

// folderSize is what a folder's files take.
func folderSize(dir string) (int64, error) {
	var n int64
	err := filepath.WalkDir(dir, func(_ string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			n += info.Size()
		}
		return err
	})
	return n, err
}
