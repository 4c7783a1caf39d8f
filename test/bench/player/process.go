// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package player

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/meetingops/meeting-recording-operator/test/bench/script"
	"github.com/meetingops/meeting-recording-operator/test/harness"
)

// Argument is what this program is called with to be a player.
const Argument = "play"

// Player is one that is ready, in a process of its own.
type Player struct {
	cmd    *exec.Cmd
	input  io.WriteCloser
	output *bufio.Reader
	errors bytes.Buffer
}

// Start starts this program as a player, and returns once it is ready to play the order. It ends with ctx or by Stop.
func Start(ctx context.Context, order Order) (*Player, error) {
	line, err := json.Marshal(order)
	if err != nil {
		return nil, err
	}
	p := &Player{cmd: exec.CommandContext(ctx, "/proc/self/exe", Argument)}
	p.cmd.SysProcAttr, p.cmd.Stderr = harness.EndsWithUs(), &p.errors
	p.cmd.Env = os.Environ()
	if p.input, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	output, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.output = bufio.NewReader(output)
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	if err := p.say(string(line)); err != nil {
		return nil, p.failed(err)
	}
	if answer, err := p.output.ReadString('\n'); err != nil || answer != ready+"\n" {
		return nil, p.failed(err)
	}
	return p, nil
}

// PID is the number of the process.
func (p *Player) PID() int { return p.cmd.Process.Pid }

// Play has it play, and returns what it played. It goes on with what follows upon that until Stop.
func (p *Player) Play() (script.Played, error) {
	var played script.Played
	if err := p.say(begin); err != nil {
		return played, p.failed(err)
	}
	line, err := p.output.ReadBytes('\n')
	if err != nil {
		return played, p.failed(err)
	}
	return played, json.Unmarshal(line, &played)
}

// Stop ends it, and returns what went wrong since it has played.
func (p *Player) Stop() error {
	_ = p.input.Close() // it is told that there is no more
	if err := p.cmd.Wait(); err != nil {
		return fmt.Errorf("player: %w: %s", err, strings.TrimSpace(p.errors.String()))
	}
	return nil
}

func (p *Player) say(line string) error {
	_, err := fmt.Fprintln(p.input, line)
	return err
}

// failed is the error of a player that has ended too early.
func (p *Player) failed(err error) error {
	return errors.Join(p.Stop(), err)
}
