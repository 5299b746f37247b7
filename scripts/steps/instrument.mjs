// Gives every step of the verifiers a switch: a copy of the sources in which one step at a time can be taken out, while it runs.
//
// A step is a call of `check.that`, `check.fail`, `check.decode` or `check.include`, a `demand`, or a `throw` of a decoder. Of a condition
// joined by && each part is a step. The copy lives in memory alone: what is shipped has no switches.
import { readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import ts from 'typescript'
import { root } from '../prepare.mjs'

/** Folders and files below src/core that judge, or decode for one that does. */
const JUDGED =
  /^(?:archive|cose|event-log|evidence|lock|log|measurement|nitro|receipt|revocation|snp|tdx|transform|x509)\/(?!demand[.]ts)|^(?:lock|policy)\.ts$/
/** What is thrown there is misuse by the caller or a bug, not evidence. */
const OTHER_ERRORS = /^new (?:CountersignError|RangeError|TypeError|Error)\b/

const SWITCH = 'globalThis.countersignSteps'

/** @returns plugin of the bundler; `steps` is filled while it runs */
export function instrumentation(steps) {
  return {
    name: 'steps',
    setup({ onLoad }) {
      onLoad({ filter: /\.ts$/ }, ({ path }) => {
        const file = relative(join(root, 'src', 'core'), path)
          .split(sep)
          .join('/')
        if (!JUDGED.test(file)) return undefined
        return { contents: instrument(file, readFileSync(path, 'utf8'), steps), loader: 'ts' }
      })
    },
  }
}

function instrument(file, text, steps) {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true)
  const inserts = []
  const around = (node, before, after) => {
    inserts.push([node.getStart(source), 0, before], [node.getEnd(), 1, after])
  }
  const declare = (kind, node, what) => {
    const { line, character } = source.getLineAndCharacterOfPosition(node.getStart(source))
    const id = steps.length
    steps.push({ id, kind, file: `src/core/${file}`, line: line + 1, column: character + 1, what })
    return id
  }
  const visit = (node) => {
    if (ts.isCallExpression(node)) visitCall(node, { source, declare, around })
    if (ts.isThrowStatement(node) && isMalformed(node, source)) {
      const id = declare('form', node, shorten(node.expression.getText(source)))
      around(node, `{ if (!${SWITCH}.failing(${id})) `, ' }')
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return apply(text, inserts)
}

/** A rethrow in a handler hands on what another step found. */
function isMalformed({ expression }, source) {
  return !ts.isIdentifier(expression) && !OTHER_ERRORS.test(expression.getText(source))
}

function visitCall(node, { source, declare, around }) {
  const { expression, arguments: args } = node
  const called = ts.isPropertyAccessExpression(expression) ? expression.name.text : expression.getText(source)
  const ofChecker = ts.isPropertyAccessExpression(expression) && expression.expression.getText(source) === 'check'
  const what = shorten(args[0]?.getText(source) ?? '').replaceAll("'", '')
  if (ofChecker && called === 'that') holdParts(args[1], what)
  else if (!ofChecker && called === 'demand' && args.length === 3)
    holdParts(args[0], args[1].getText(source).replaceAll("'", ''))
  else if (ofChecker && called === 'fail') {
    // A statement must not begin with a bracket: it would go on with the line above.
    const [open, close] = ts.isExpressionStatement(node.parent) ? ['', ''] : ['(', ')']
    around(node, `${open}${SWITCH}.failing(${declare('check', node, what)}) ? undefined : `, close)
  }
  if (ofChecker && called === 'decode') around(args[1], `${SWITCH}.decoding(${declare('check', node, what)}, `, ')')
  if (ofChecker && called === 'include')
    around(args[1], `${SWITCH}.including(${declare('check', node, `${what}.*`)}, `, ')')

  function holdParts(condition, name) {
    const parts = partsOf(condition)
    for (const part of parts) {
      const detail = parts.length > 1 ? `${name}: ${shorten(part.getText(source))}` : name
      around(part, `${SWITCH}.holds(${declare('check', part, detail)}, `, ')')
    }
  }
}

function partsOf(node) {
  if (ts.isParenthesizedExpression(node)) return partsOf(node.expression)
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.AmpersandAmpersandToken)
    return [...partsOf(node.left), ...partsOf(node.right)]
  return [node]
}

function shorten(text) {
  const line = text.replace(/\s+/g, ' ')
  return line.length > 60 ? `${line.slice(0, 57)}...` : line
}

/** From the end; at one place an inner end comes before an outer one, and an outer start before an inner one. */
function apply(text, inserts) {
  const ordered = inserts.map((entry, order) => ({ entry, order }))
  ordered.sort((one, other) => {
    const [at, kind] = one.entry
    const [otherAt, otherKind] = other.entry
    return at - otherAt || otherKind - kind || (kind === 1 ? other.order - one.order : one.order - other.order)
  })
  let made = ''
  let from = 0
  for (const {
    entry: [at, , part],
  } of ordered) {
    made += text.slice(from, at) + part
    from = at
  }
  return made + text.slice(from)
}
