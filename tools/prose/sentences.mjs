// Two textlint rules about sentences in paragraphs, list items and table cells. Inline code counts
// as one word. The rules of npm do not fit: textlint-rule-sentence-length counts characters, and
// textlint-rule-en-max-word-count ends a sentence at every line.
import { SentenceSplitterSyntax, splitAST } from "sentence-splitter";
import { StringSource } from "textlint-util-to-string";

// The end of a sentence that sentence-splitter takes for a decimal point: "more get 503. Then".
const AFTER_A_NUMBER = /(?<=\d\.)\s+(?=\p{Lu})/u;

/** A textlint rule that reports each sentence for which `fault(text, options)` has a message. */
const rule = (fault) => (context, options) => {
    const { Syntax, RuleError, locator, report } = context;
    const replacer = ({ node, maskValue }) =>
        node.type === Syntax.Code ? maskValue("x") : undefined;
    const check = (node) => {
        for (const sentence of splitAST(node).children) {
            if (sentence.type !== SentenceSplitterSyntax.Sentence) continue;
            const whole = locator.range([0, sentence.range[1] - sentence.range[0]]);
            const text = new StringSource(sentence, { replacer }).toString();
            for (const part of text.split(AFTER_A_NUMBER)) {
                const message = fault(part.trim(), options);
                if (message) report(sentence, new RuleError(message, { padding: whole }));
            }
        }
    };
    return { [Syntax.Paragraph]: check, [Syntax.TableCell]: check };
};

/** A sentence has at most `max` words. */
export const sentenceWords = rule((text, { max }) => {
    const count = text.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word)).length;
    return count > max && `${count} words in a sentence, at most ${max} are allowed`;
});

/** A sentence needs a noun: neither "Who leaves a team is notified" nor "It is gone". */
export const sentenceSubject = rule((text) => {
    const [, first] = /^(What|Who|Whom|Whose)\s/.exec(text) ?? [];
    if (first && !text.endsWith("?")) {
        return `A sentence that begins with “${first}”, use a noun: “The caller”, “A deleted row”`;
    }
    const nounless = /^(As (it|they) (is|are)|It is gone)\b/.test(text);
    return nounless && "A sentence without a noun, use “The task after the change”";
});
