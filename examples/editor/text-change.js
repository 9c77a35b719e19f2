// What somebody did to a text field, told from what it held before and holds now.

/**
 * `caret`: where the caret is afterwards, in UTF-16 units. What was typed ends there, which decides where of several equal
 * characters one was added.
 */
export function textChange(before, after, caret = after.length) {
    const shorter = Math.min(before.length, after.length);
    const mostEqual = Math.min(shorter, after.length - caret);
    let end = 0;
    while (end < mostEqual && before.at(-1 - end) === after.at(-1 - end)) end += 1;
    let start = 0;
    while (start < shorter - end && before[start] === after[start]) start += 1;
    // Halves of a character are not changed on their own.
    if (start > 0 && (isSecondHalf(before, start) || isSecondHalf(after, start))) start -= 1;
    if (end > 0 && (isSecondHalf(before, before.length - end) || isSecondHalf(after, after.length - end))) end -= 1;
    return { from: start, to: before.length - end, text: after.slice(start, after.length - end) };
}

function isSecondHalf(text, index) {
    const unit = text.charCodeAt(index);
    return unit >= 0xdc00 && unit <= 0xdfff;
}
