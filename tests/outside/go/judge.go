// Judge checks a log with Go's own packages for notes and transparency logs.
//
//	judge tree FOLDER KEY...     every tile and every entry, against the signed checkpoint
//	judge proof FILE KEY...      one .tlog-proof whose extra line holds the entry
//	judge inclusion FILE         {"entry", "index", "size", "path", "root"}, bytes in base64
//	judge consistency FILE       {"old_size", "old_root", "size", "root", "path"}
//
// The first KEY is the log's, the others are its witnesses'; all of them must have signed.
// It prints what it found and ends with 0, or says what is wrong and ends with 1.
package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	height = 8
	width  = 1 << height
)

func main() {
	if len(os.Args) < 3 {
		fail(errors.New("usage: judge tree|proof|inclusion|consistency FILE [KEY...]"))
	}
	judges := map[string]func(string, []string) (string, error){
		"tree": judgeTree, "proof": judgeProof,
		"inclusion": judgeInclusion, "consistency": judgeConsistency,
	}
	judge, known := judges[os.Args[1]]
	if !known {
		fail(errors.New("no such judgement"))
	}
	said, err := judge(os.Args[2], os.Args[3:])
	if err != nil {
		fail(err)
	}
	fmt.Println(said)
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// A cosigner judges the timestamped signatures of c2sp.org/tlog-cosignature, type 0x04.
type cosigner struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

func (c *cosigner) Name() string    { return c.name }
func (c *cosigner) KeyHash() uint32 { return c.hash }
func (c *cosigner) Verify(msg, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	header := fmt.Sprintf("cosignature/v1\ntime %d\n", binary.BigEndian.Uint64(sig))
	return ed25519.Verify(c.key, append([]byte(header), msg...), sig[8:])
}

// verifier reads a public key: Go knows the plain type, a cosigner's is read here.
func verifier(vkey string) (note.Verifier, error) {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 {
		return nil, errors.New("no key")
	}
	material, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(material) != 1+ed25519.PublicKeySize || material[0] != 4 {
		return note.NewVerifier(vkey)
	}
	sum := sha256.Sum256(append([]byte(parts[0]+"\n"), material...))
	return &cosigner{parts[0], binary.BigEndian.Uint32(sum[:]), material[1:]}, nil
}

// open demands that every one of the keys has signed the checkpoint, the first for its own log.
func open(checkpoint []byte, vkeys []string) (tlog.Tree, error) {
	var tree tlog.Tree
	var known []note.Verifier
	for _, vkey := range vkeys {
		v, err := verifier(vkey)
		if err != nil {
			return tree, err
		}
		known = append(known, v)
	}
	opened, err := note.Open(checkpoint, note.VerifierList(known...))
	if err != nil {
		return tree, err
	}
	signed := make(map[string]bool)
	for _, sig := range opened.Sigs {
		signed[sig.Name] = true
	}
	for _, v := range known {
		if !signed[v.Name()] {
			return tree, fmt.Errorf("%s has not signed", v.Name())
		}
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || len(known) == 0 || lines[0] != known[0].Name() {
		return tree, errors.New("no checkpoint of this log")
	}
	if tree.N, err = strconv.ParseInt(lines[1], 10, 64); err != nil {
		return tree, err
	}
	tree.Hash, err = tlog.ParseHash(lines[2])
	return tree, err
}

// Stored are all hashes of a tree, in the order in which Go's package stores them.
type stored []tlog.Hash

func (s stored) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	var read []tlog.Hash
	for _, index := range indexes {
		if index >= int64(len(s)) {
			return nil, errors.New("no such hash")
		}
		read = append(read, s[index])
	}
	return read, nil
}

// judgeTree computes the whole tree from the entries.  Go's own reader of tiles is not used: in
// Debian 12 it hands out some tiles without proving them against the root.
func judgeTree(dir string, vkeys []string) (string, error) {
	checkpoint, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
	if err != nil {
		return "", err
	}
	tree, err := open(checkpoint, vkeys)
	if err != nil {
		return "", err
	}
	var hashes stored
	for _, tile := range tiles(tree.N) {
		if tile.L == 0 {
			if hashes, err = readBundle(dir, tile, hashes); err != nil {
				return "", err
			}
		}
		if err := judgeTile(dir, tile, hashes); err != nil {
			return "", err
		}
	}
	root, err := tlog.TreeHash(tree.N, hashes)
	if err == nil && root != tree.Hash {
		err = errors.New("the entries do not make the root")
	}
	return fmt.Sprintf("%d %x", tree.N, tree.Hash[:]), err
}

// tiles lists the tiles of a tree, from the leaves up.
func tiles(size int64) (all []tlog.Tile) {
	for level := 0; size > 0; level, size = level+1, size/width {
		for n := int64(0); n*width < size; n++ {
			w := size - n*width
			if w > width {
				w = width
			}
			all = append(all, tlog.Tile{H: height, L: level, N: n, W: int(w)})
		}
	}
	return all
}

// readBundle adds the hashes of one bundle of entries.
func readBundle(dir string, tile tlog.Tile, hashes stored) (stored, error) {
	path := strings.Replace(tile.Path(), "tile/8/0/", "tile/entries/", 1)
	data, err := os.ReadFile(filepath.Join(dir, path))
	if err != nil {
		return nil, err
	}
	index := tile.N * width
	for last := index + int64(tile.W); index < last; index++ {
		if len(data) < 2 || len(data) < 2+int(binary.BigEndian.Uint16(data)) {
			return nil, fmt.Errorf("entry %d is missing", index)
		}
		size := 2 + int(binary.BigEndian.Uint16(data))
		added, err := tlog.StoredHashes(index, data[2:size], hashes)
		if err != nil {
			return nil, err
		}
		hashes, data = append(hashes, added...), data[size:]
	}
	if len(data) > 0 {
		return nil, fmt.Errorf("more than entry %d", index-1)
	}
	return hashes, nil
}

// judgeTile compares a tile with what follows from the entries.
func judgeTile(dir string, tile tlog.Tile, hashes stored) error {
	path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
	data, err := os.ReadFile(filepath.Join(dir, path))
	if err != nil {
		whole, _, _ := strings.Cut(path, ".p/") // a partial tile may go once the full one is there
		if data, err = os.ReadFile(filepath.Join(dir, whole)); err != nil {
			return err
		}
	}
	expected, err := tlog.ReadTileData(tile, hashes)
	if err != nil {
		return err
	}
	if len(data) < len(expected) {
		return fmt.Errorf("%s is too short", path)
	}
	for i := 0; i < len(expected); i += tlog.HashSize {
		if !bytes.Equal(expected[i:i+tlog.HashSize], data[i:i+tlog.HashSize]) {
			return fmt.Errorf("%s differs at %d", path, i/tlog.HashSize)
		}
	}
	return nil
}

func judgeProof(file string, vkeys []string) (string, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	head, checkpoint, found := bytes.Cut(data, []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	if !found || len(lines) < 3 || lines[0] != "c2sp.org/tlog-proof@v1" {
		return "", errors.New("no proof with an entry")
	}
	entry, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(lines[1], "extra "))
	if err != nil {
		return "", err
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[2], "index "), 10, 64)
	if err != nil {
		return "", err
	}
	var path tlog.RecordProof
	for _, line := range lines[3:] {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return "", err
		}
		path = append(path, hash)
	}
	tree, err := open(checkpoint, vkeys)
	if err != nil {
		return "", err
	}
	if err := tlog.CheckRecord(path, tree.N, tree.Hash, index, tlog.RecordHash(entry)); err != nil {
		return "", err
	}
	return string(entry), nil
}

type question struct {
	Entry   []byte   `json:"entry"`
	Index   int64    `json:"index"`
	Size    int64    `json:"size"`
	OldSize int64    `json:"old_size"`
	Root    []byte   `json:"root"`
	OldRoot []byte   `json:"old_root"`
	Path    [][]byte `json:"path"`
}

func asked(file string) (q question, path []tlog.Hash, err error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return q, nil, err
	}
	if err = json.Unmarshal(data, &q); err != nil {
		return q, nil, err
	}
	for _, each := range q.Path {
		if len(each) != tlog.HashSize {
			return q, nil, errors.New("no hash")
		}
		path = append(path, hash(each))
	}
	return q, path, nil
}

func hash(data []byte) (h tlog.Hash) {
	copy(h[:], data)
	return h
}

func judgeInclusion(file string, _ []string) (string, error) {
	q, path, err := asked(file)
	if err != nil {
		return "", err
	}
	return "holds", tlog.CheckRecord(path, q.Size, hash(q.Root), q.Index, tlog.RecordHash(q.Entry))
}

func judgeConsistency(file string, _ []string) (string, error) {
	q, path, err := asked(file)
	if err != nil {
		return "", err
	}
	return "holds", tlog.CheckTree(path, q.Size, hash(q.Root), q.OldSize, hash(q.OldRoot))
}
