import assert from "node:assert/strict";
import { test } from "node:test";
import { characterWidth } from "../../examples/terminal/character-width.js";
import { keySequence } from "../../examples/terminal/keys.js";
import { LineInput } from "../../examples/terminal/line-input.js";
import { Screen } from "../../examples/terminal/screen.js";
import { colourText, plain } from "../../examples/terminal/style.js";

const rows = (screen) => Array.from({ length: screen.rows }, (_, row) => screen.text(row));

/** What stands on a small screen after this was written, in one piece and character by character. */
function shows(name, written, expected, cursor) {
    test(name, () => {
        for (const pieces of [[written], written.split("")]) {
            const screen = new Screen(10, 4);
            pieces.forEach((piece) => screen.write(piece));
            assert.deepEqual(rows(screen), [...expected, "", "", "", ""].slice(0, 4));
            if (cursor) assert.deepEqual([screen.cursor.row, screen.cursor.column], cursor);
        }
    });
}

shows("text is written from the top left corner on", "Hello", ["Hello"], [0, 5]);
shows("a line feed keeps the column, a carriage return the row", "ab\ncd\r\nef", ["ab", "  cd", "ef"], [2, 2]);
shows("text goes on in the next row", "0123456789ab", ["0123456789", "ab"], [1, 2]);
shows("a full row leaves the cursor on its last cell until more comes", "0123456789", ["0123456789"], [0, 9]);
shows("a full row and a line feed make no empty row", "0123456789\r\nx", ["0123456789", "x"]);
shows("the screen scrolls at its end", "1\r\n2\r\n3\r\n4\r\n5", ["2", "3", "4", "5"]);
shows("without wrapping the last cell is written over", "\x1b[?7l0123456789abc", ["012345678c"]);
shows("backspace moves and tab goes to the next stop", "ab\bc\td", ["ac      d"], [0, 9]);
shows("the cursor is placed, counted from one", "\x1b[3;4Hx\x1b[Hy", ["y", "", "   x"]);
shows("the cursor stays on the screen", "\x1b[99;99Hx\x1b[99A\x1b[99Dy\x1b[0;0Hz", ["z", "", "", "         x"]);
shows("relative moves count zero as one", "abc\x1b[0D\x1b[DX", ["aXc"]);
shows("a line is erased to its end, its start and whole", "abcde\x1b[3G\x1b[K\r\nabcde\x1b[3G\x1b[1K\r\nabcde\x1b[2K", ["ab", "   de"]);
shows("the display is erased below, above and whole", "1\r\n2\r\n3\x1b[2;1H\x1b[J", ["1"]);
shows("the display is erased above", "1\r\n2\r\n3\x1b[2;1H\x1b[1J", ["", "", "3"]);
shows("characters are inserted, deleted and erased", "abcdef\x1b[2G\x1b[2@\x1b[6G\x1b[P\x1b[1G\x1b[X", ["   bcef"]);
shows("characters are inserted in insert mode", "abc\x1b[1G\x1b[4hX\x1b[4lY", ["XYbc"]);
shows("lines are inserted and deleted", "1\r\n2\r\n3\x1b[2;1H\x1b[L\x1b[1;1H\x1b[M", ["", "2", "3"]);
shows("a region scrolls alone", "1\r\n2\r\n3\r\n4\x1b[2;3r\x1b[3;1H\nx", ["1", "3", "x", "4"]);
shows("a reverse line feed at the top scrolls down", "1\r\n2\x1b[H\x1bMx", ["x", "1", "2"]);
shows("places count from the region in origin mode", "\x1b[2;3r\x1b[?6h\x1b[Hx\x1b[9;1Hy", ["", "x", "y"]);
shows("the cursor is saved and restored", "ab\x1b7\x1b[4;4H\x1b8c\x1b[s\r\n\x1b[ud", ["abcd"]);
shows("a character is repeated", "ab\x1b[3bc", ["abbbbc"]);
shows("lines are drawn with DEC's characters", "\x1b(0lqk\x1b(Bx", ["┌─┐x"]);
shows("a title is no text, whichever way it ends", "\x1b]0;Title\x07a\x1b]2;Other\x1b\\b", ["ab"]);
shows("what is not understood is no text", "a\x1b[?12;25hb\x1b[>4;1mc\x1bP1$r0m\x1b\\d\x1b[38;2y\x1b=f\x1b[ q", ["abcdf"]);
shows("controls act in the midst of a sequence", "ab\x1b[1\bDc", ["cb"]);
shows("a sequence that is broken off ends", "a\x1b[1\x18b\x1b[1\x1b[Cc", ["ab c"]);
shows("wide characters take two cells, and their halves none", "日本\x1b[2Gx", [" x本"]);
shows("a wide character does not hang over the margin", "012345678日", ["012345678", "日"]);
shows("a mark joins its letter", "e\u0301x", ["e\u0301x"]);
shows("the second screen leaves the first as it was", "one\x1b[?1049h\x1b[Htwo\x1b[?1049l!", ["one!"]);
shows("a reset clears all", "abc\x1b[2;3r\x1b[4h\x1bcx", ["x"], [0, 1]);

test("rows that scroll off are kept, as many as asked, but not those of the second screen", () => {
    const screen = new Screen(10, 2, { history: 3 });
    screen.write("1\r\n2\r\n3\r\n4\r\n5\r\n6\r\n7");
    assert.deepEqual(screen.history.map((line) => line.map(({ text }) => text).join("").trim()), ["3", "4", "5"]);
    assert.equal(screen.takeChanges().scrolled, 5);
    screen.write("\x1b[?1049h1\r\n2\r\n3\r\n4");
    assert.equal(screen.takeChanges().scrolled, 0);
    screen.write("\x1b[3J");
    assert.deepEqual(screen.history, []);
});

test("styles are set, taken back and reset", () => {
    const screen = new Screen(20, 1);
    const style = (sequence) => {
        screen.write(`\x1bc\x1b[${sequence}mx`);
        const set = screen.line(0)[0].style;
        return Object.fromEntries(Object.entries(set).filter(([key, value]) => value !== plain[key]));
    };
    assert.deepEqual(style("1;3;4;7;9"), { isBold: true, isItalic: true, isUnderlined: true, isInverse: true, isStruck: true });
    assert.deepEqual(style("1;31;22"), { foreground: 1 });
    assert.deepEqual(style("31;44;0"), {});
    assert.deepEqual(style("31;44;"), {});
    assert.deepEqual(style("91;104"), { foreground: 9, background: 12 });
    assert.deepEqual(style("38;5;200;48;5;16"), { foreground: 200, background: 16 });
    assert.deepEqual(style("38;2;1;2;3;1"), { foreground: [1, 2, 3], isBold: true });
    assert.deepEqual(style("38:2::1:2:3"), { foreground: [1, 2, 3] });
    assert.deepEqual(style("38:5:9"), { foreground: 9 });
    assert.deepEqual(style("4:3"), { isUnderlined: true });
    assert.deepEqual(style("38;5;999;38"), {});
    screen.write("\x1bc\x1b[41m\x1b[2K");
    assert.equal(screen.line(0)[7].style.background, 1, "what is erased takes the background");
    assert.equal(colourText(1), "var(--colour-1)");
    assert.equal(colourText(196), "rgb(255 0 0)");
    assert.equal(colourText(244), "rgb(128 128 128)");
    assert.equal(colourText([1, 2, 3]), "rgb(1 2 3)");
});

test("a program is told what it asks, and sets the modes of keys and of pasting", () => {
    const screen = new Screen(10, 4);
    const answers = [];
    screen.onanswer = (text) => answers.push(text);
    screen.write("ab\r\nc\x1b[6n\x1b[5n\x1b[c\x1b[?1h\x1b[?2004h\x1b]2;Title\x07\x1b[?25l");
    assert.deepEqual(answers, ["\x1b[2;2R", "\x1b[0n", "\x1b[?62;22c"]);
    assert.deepEqual([screen.modes, screen.title, screen.cursor.isVisible], [{ applicationCursor: true, bracketedPaste: true }, "Title", false]);
});

test("a screen that is made smaller keeps the cursor's row", () => {
    const screen = new Screen(10, 4);
    screen.write("1\r\n2\r\n3\r\n0123456789");
    screen.resize(5, 2);
    assert.deepEqual(rows(screen), ["3", "01234"]);
    assert.equal(screen.history.length, 2);
    screen.resize(8, 3);
    assert.deepEqual(rows(screen), ["3", "01234", ""]);
    screen.write("\x1b[3;8Hx");
    assert.deepEqual(rows(screen), ["3", "01234", "       x"]);
    const empty = new Screen(10, 4);
    empty.write("1\r\n2");
    empty.resize(10, 2);
    assert.deepEqual(rows(empty), ["1", "2"]);
});

test("no sequence of bytes breaks the screen", () => {
    let state = 1;
    const random = (bound) => {
        state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
        return (state >> 8) % bound;
    };
    const parts = ["\x1b", "\x1b[", "\x1b]", "\x1b[?", ";", ":", "\n", "\r", "\b", "\t", "h", "l", "m", "r", "H", "A", "L", "M", "P", "@", "b",
        "S", "T", "J", "K", "1049", "6", "7", "4", "0", "1", "999", "99999999999", "x", "日", "\u0301", "😀", "\x07", "\x9b", "\x1bM", "\x1bD", "\x1b8", "\x1bc"];
    const screen = new Screen(7, 5, { history: 10 });
    for (let step = 0; step < 60_000; step += 1) {
        screen.write(parts[random(parts.length)]);
        if (step % 500 === 0) screen.resize(1 + random(12), 2 + random(6));
        if (step % 50 !== 0) continue;
        const { row, column } = screen.cursor;
        assert.ok(row >= 0 && row < screen.rows && column >= 0 && column < screen.columns, `cursor ${row} ${column}`);
        for (let line = 0; line < screen.rows; line += 1) {
            const cells = screen.line(line);
            assert.equal(cells.length, screen.columns);
            assert.ok(cells.every(({ width }, index) => width !== 0 || cells[index - 1]?.width === 2), "half a character");
            assert.ok(cells.every(({ width }, index) => width !== 2 || cells[index + 1]?.width === 0), "half a character");
        }
    }
});

test("characters have the width that terminals give them", () => {
    for (const [width, text] of [[1, "aé─│€"], [2, "日한😀🚀、"], [0, "\u0301\u200d\ufe0f"]]) {
        for (const character of text) assert.equal(characterWidth(character), width, character);
    }
});

test("keys are sent as xterm sends them", () => {
    const key = (name, modifiers = {}, modes) => keySequence({ key: name, ...modifiers }, modes);
    assert.equal(key("ArrowUp"), "\x1b[A");
    assert.equal(key("ArrowUp", {}, { applicationCursor: true }), "\x1bOA");
    assert.equal(key("ArrowLeft", { ctrlKey: true }, { applicationCursor: true }), "\x1b[1;5D");
    assert.equal(key("Delete"), "\x1b[3~");
    assert.equal(key("PageUp", { shiftKey: true }), "\x1b[5;2~");
    assert.equal(key("F1"), "\x1bOP");
    assert.equal(key("F12"), "\x1b[24~");
    assert.equal(key("Enter"), "\r");
    assert.equal(key("Tab", { shiftKey: true }), "\x1b[Z");
    assert.equal(key("Backspace"), "\x7f");
    assert.equal(key("c", { ctrlKey: true }), "\x03");
    assert.equal(key("C", { ctrlKey: true, shiftKey: true }), "\x03");
    assert.equal(key(" ", { ctrlKey: true }), "\0");
    assert.equal(key("b", { altKey: true }), "\x1bb");
    for (const [name, modifiers] of [["a"], ["Shift"], ["Dead"], ["a", { metaKey: true }], ["😀"], ["1", { ctrlKey: true }]]) {
        assert.equal(key(name, modifiers), undefined, name);
    }
});

test("a line is edited, sent when it is finished, and recalled", () => {
    const screen = new Screen(10, 4);
    const sent = [];
    const input = new LineInput(screen, (line) => sent.push(line));
    input.type("hellp");
    input.key({ key: "Backspace" });
    input.type("o");
    assert.deepEqual(rows(screen).slice(0, 1), ["hello"]);
    input.key({ key: "Enter" });
    input.type("two words");
    input.key({ key: "w", ctrlKey: true });
    assert.equal(input.line, "two ");
    input.key({ key: "ArrowUp" });
    assert.equal(screen.text(1), "hello");
    input.key({ key: "ArrowDown" });
    assert.equal(screen.text(1), "");
    input.type("a\r\nb\nc\x1b");
    assert.deepEqual(sent, ["hello\n", "a\n", "b\n"]);
    assert.equal(input.line, "c");
    assert.equal(input.key({ key: "x", ctrlKey: true }), false);
});

test("what the service writes comes above the line that is being typed", () => {
    const screen = new Screen(10, 4);
    const input = new LineInput(screen, () => {});
    input.output("name? ");
    input.type("a long answer");
    assert.deepEqual(rows(screen), ["name? a lo", "ng answer", "", ""]);
    for (let number = 1; number <= 3; number += 1) input.output(`${number}\n`);
    assert.deepEqual(rows(screen), ["2", "3", "a long ans", "wer"]);
    input.type("!");
    input.key({ key: "u", ctrlKey: true });
    assert.deepEqual(rows(screen), ["2", "3", "", ""]);
    input.output("0123456789");
    input.type("ab");
    input.key({ key: "Backspace" });
    assert.deepEqual(rows(screen), ["2", "3", "0123456789", "a"]);
});
