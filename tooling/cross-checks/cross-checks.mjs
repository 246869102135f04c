/** `npm run cross-checks`: what this project computes, against the programs of others. See docs/cross-checks.md. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { build, checkNode, install, root } from '../bootstrap.mjs'
import { installedPython, installPython } from './environment.mjs'
import { fillPage, isWithin, tableLine } from './page.mjs'
import { PythonProcess } from './python-process.mjs'

const checkFiles = {
  costs: './costs.mjs',
  scores: './scores.mjs',
  pictures: './pictures.mjs',
  networks: './networks.mjs',
  training: './training.mjs',
  distributed: './distributed.mjs',
  plans: './plans.mjs',
}
const page = join(root, 'docs/cross-checks.md')

const usage = `npm run cross-checks [-- options]

Compares what this project computes with what PyTorch, timm, torchvision, fvcore, ONNX Runtime, Pillow and numpy do.
Ends with 1 where a difference is over its limit, and with 3 where the Python environment cannot be made.

checks: ${Object.keys(checkFiles).join(', ')}

  --only <names>     some checks, with commas between
  --variant <name>   of the checks costs and networks: one of s0 to s4 (default: all)
  --cases <n>        random pictures, and random vectors (default 4000)
  --seed <n>         of weights, pictures and vectors (default 1)
  --apple <file>     mobileone.py of apple/ml-mobileone, to compare with it too
  --python <file>    an interpreter with the packages of tooling/cross-checks/python/requirements.txt
  --install          make the Python environment where it is missing: 0.7 GB to download, needs python3 and a C compiler
  --from <file>      fill the page from an earlier report of --json, and compare nothing; with --write
  --write            write the results into docs/cross-checks.md; needs all checks
  --json             one JSON document on standard output, everything else on standard error
  --help             print this`

const options = {
  only: { type: 'string' },
  variant: { type: 'string' },
  cases: { type: 'string', default: '4000' },
  seed: { type: 'string', default: '1' },
  apple: { type: 'string' },
  python: { type: 'string' },
  install: { type: 'boolean' },
  from: { type: 'string' },
  write: { type: 'boolean' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
}

function fail(message) {
  console.error(`cross-checks: ${message}`)
  process.exit(2)
}

function parse() {
  try {
    return parseArgs({ options }).values
  } catch (error) {
    return fail(error.message)
  }
}

function made() {
  try {
    return installPython(note)
  } catch (error) {
    console.error(`cross-checks: ${error.message}`)
    process.exit(3)
  }
}

function whole(name, text, least) {
  const value = Number(text)
  return Number.isSafeInteger(value) && value >= least
    ? value
    : fail(`--${name} must be a whole number from ${least}, not ${text}`)
}

const values = parse()
if (values.help) {
  console.log(usage)
  process.exit(0)
}
const names = values.only?.split(',') ?? Object.keys(checkFiles)
const unknown = names.find((name) => !Object.hasOwn(checkFiles, name))
if (unknown !== undefined)
  fail(`there is no check "${unknown}"; the checks are ${Object.keys(checkFiles).join(', ')}`)
if (values.write && (values.only ?? values.variant) !== undefined)
  fail('--write needs all checks; leave out --only and --variant')
const cases = whole('cases', values.cases, 4)
const seed = whole('seed', values.seed, 0)

if (values.from !== undefined) {
  if (!values.write) fail('--from goes with --write')
  const { date, ...earlier } = JSON.parse(readFileSync(values.from, 'utf8'))
  writeFileSync(page, fillPage(readFileSync(page, 'utf8'), earlier, new Date(date)))
  process.exit(0)
}

checkNode()
install()
build()

const note = (text) => console.error(`  ${text}`)
const interpreter = values.python ?? (values.install ? made() : installedPython())
if (interpreter === undefined)
  fail('the Python environment is missing; make it with --install, or name one with --python')

const { variants: all } = await import('@mobileone/core')
if (values.variant !== undefined && !Object.hasOwn(all, values.variant))
  fail(`there is no variant "${values.variant}"; the variants are ${Object.keys(all).join(', ')}`)
const variants = values.variant === undefined ? all : { [values.variant]: all[values.variant] }

const started = Date.now()
const print = values.json ? console.error : console.log
const results = []
const python = new PythonProcess(interpreter)
try {
  const { result: versions } = await python.ask('versions.list_versions')
  for (const name of names) {
    const check = (await import(checkFiles[name]))[name]
    const began = Date.now()
    print(`\n== ${name}: ${check.about}`)
    for await (const row of check.run({
      python,
      variants,
      interpreter,
      seed,
      cases,
      apple: values.apple,
      note,
    })) {
      results.push({ check: name, ...row, ok: isWithin(row) })
      print(`${isWithin(row) ? 'ok  ' : 'FAIL'} ${tableLine(row)}`)
    }
    print(`   ${((Date.now() - began) / 1000).toFixed(1)} s`)
  }
  if (values.apple === undefined && names.includes('networks'))
    print('\nskipped: the comparison with mobileone.py of apple/ml-mobileone, which --apple <file> names')
  const report = {
    date: new Date().toISOString(),
    versions,
    seed,
    cases,
    seconds: (Date.now() - started) / 1000,
    results,
  }
  if (values.json) console.log(JSON.stringify(report, null, 2))
  if (values.write) writeFileSync(page, fillPage(readFileSync(page, 'utf8'), report))
} finally {
  await python.close()
}
const failed = results.filter(({ ok }) => !ok).length
print(`\n${results.length - failed} passed, ${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0
