// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package transcript

import (
	"slices"
	"unicode"
)

const (
	// searchRunes is how far ahead a word is looked for in the text.
	searchRunes = 100
	// slack is how many seconds after its segment's end a word may begin.
	slack = 1.0
)

// align gives each segment its words. Engines return words without punctuation (OpenAI) or in pieces (whisper.cpp), and put
// them beside the segments, so each word is found in the text, in order, and gets the text up to the next one. Words that
// are not in the text have no place in it and are left out.
func align(segments, words []timed) []Segment {
	all := make([]Segment, 0, len(segments))
	next := 0
	for _, s := range segments {
		text := []rune(s.text)
		found := find(text, until(words[next:], s.end+slack))
		next += found.used
		all = append(all, Segment{Start: s.start, End: s.end, Text: s.text, Words: found.cut(text, s)})
	}
	return all
}

// until returns the words that begin before a time.
func until(words []timed, end float64) []timed {
	if i := slices.IndexFunc(words, func(w timed) bool { return w.start >= end }); i >= 0 {
		return words[:i]
	}
	return words
}

// places are where words are in a text.
type places struct {
	at    []int // by word, ascending
	words []timed
	used  int // words that were looked at
}

// find finds the words in the text, in order.
func find(text []rune, words []timed) places {
	var p places
	cursor := 0
	folded := fold(text)
	for i, w := range words {
		word := core(w.text)
		if len(word) == 0 {
			continue // punctuation of its own, which is in the text beside a word
		}
		at := index(folded, word, cursor)
		if at < 0 {
			continue
		}
		if len(p.at) > 0 && at == cursor && joined(text, at) { // a piece of the word before
			last := &p.words[len(p.words)-1]
			last.end = max(last.end, w.end)
		} else {
			p.at, p.words = append(p.at, at), append(p.words, w)
		}
		cursor = at + len(word)
		p.used = i + 1
		if cursor == len(text) {
			break
		}
	}
	return p
}

// cut gives each word its part of the text, with what is around it. Times do not go back.
func (p places) cut(text []rune, s timed) []Word {
	if len(p.at) == 0 {
		return nil
	}
	words := make([]Word, 0, len(p.at))
	begin, now := 0, s.start
	for i, w := range p.words {
		end := len(text)
		if i+1 < len(p.at) {
			end = wordStart(text, p.at[i], p.at[i+1])
		}
		start := min(max(w.start, now), max(s.end, now))
		words = append(words, Word{Start: start, End: max(start, w.end), Text: clean(string(text[begin:end]))})
		begin, now = end, start
	}
	return words
}

// wordStart returns where the part of the word at next begins: behind the last space between it and the word before, so
// that an opening quotation mark goes to the word that follows it.
func wordStart(text []rune, before, next int) int {
	for i := next; i > before+1; i-- {
		if unicode.IsSpace(text[i-1]) {
			return i
		}
	}
	return next
}

// fold returns the text in lower case, with as many runes.
func fold(text []rune) []rune {
	folded := make([]rune, 0, len(text))
	for _, r := range text {
		folded = append(folded, unicode.ToLower(r))
	}
	return folded
}

// core returns a word in lower case without what is around its letters.
func core(word string) []rune {
	runes := fold([]rune(word))
	begin := slices.IndexFunc(runes, isLetter)
	if begin < 0 {
		return nil
	}
	end := len(runes)
	for !isLetter(runes[end-1]) {
		end--
	}
	return runes[begin:end]
}

// index returns where a word is, from a position on and not far from it: at the position itself, or where a word begins.
func index(text, word []rune, from int) int {
	for at := from; at+len(word) <= len(text) && at <= from+searchRunes; at++ {
		if (at == from || !joined(text, at)) && slices.Equal(text[at:at+len(word)], word) {
			return at
		}
	}
	return -1
}

// joined reports whether the rune at a position goes on with the word of the one before it. Scripts that are written without
// spaces have no such words.
func joined(text []rune, at int) bool {
	return at > 0 && isLetter(text[at-1]) && isLetter(text[at]) && !isSpaceless(text[at-1]) && !isSpaceless(text[at])
}

func isLetter(r rune) bool { return unicode.In(r, unicode.Letter, unicode.Mark, unicode.Number) }

func isSpaceless(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}
