import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { python, reportLack } from '@mobileone/testkit'
import { expect, test } from 'vitest'
import { torchScripts } from '../src/generated/torch-scripts.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
/** Any Python will do, without the packages that other tests need. */
const present = spawnSync(python, ['--version']).status === 0
if (!present) reportLack('python', `${python} does not run`)

function pythonIn(folder: string): string[] {
  const names = readdirSync(join(root, folder)).filter((name) => name.endsWith('.py'))
  return names.sort().map((name) => join(root, folder, name))
}

/** What Python's own parser and symbol tables say of the files. */
function faults(...paths: string[]): string {
  const args = ['-B', join(root, 'test/check_modules.py'), ...paths]
  const { status, stdout, stderr } = spawnSync(python, args, { encoding: 'utf8' })
  const text = `${stdout}${stderr}`.trim()
  expect(status, text).toBe(text === '' ? 0 : 1)
  return text
}

test('what is embedded is the files of python/', () => {
  const sources = pythonIn('python').map((path) => [basename(path), readFileSync(path, 'utf8')])
  expect(torchScripts).toEqual(Object.fromEntries(sources))
})

test.skipIf(!present)('every Python file parses and uses no name that is not defined', () => {
  expect(faults(...pythonIn('python'), ...pythonIn('scripts'), ...pythonIn('test'))).toBe('')
})

test.skipIf(!present)('hidden folders are no classes, and hidden pictures no examples', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mobileone-python-'))
  try {
    for (const name of ['cat/a.png', 'dog/deep/b.JPG', '.thumbnails/c.png', 'cat/.d.png', 'cat/.e/f.png']) {
      mkdirSync(join(folder, dirname(name)), { recursive: true })
      writeFileSync(join(folder, name), '')
    }
    // Listing needs none of the packages that reading does.
    const program = `
import sys, types
for name in ("torch", "torch.utils", "torch.utils.data", "PIL"):
    sys.modules[name] = types.ModuleType(name)
sys.modules["torch.utils.data"].Dataset = object
image = types.SimpleNamespace(BILINEAR=0, BICUBIC=0)
sys.modules["PIL"].Image, sys.modules["PIL"].ImageEnhance, sys.modules["PIL"].ImageOps = image, None, None
from pictures import Pictures
found = Pictures(sys.argv[1], {"classes": 2})
print(found.classes, [(path.name, label) for path, label in found.files])`
    const args = ['-B', '-c', program, folder]
    const { stdout, stderr } = spawnSync(python, args, { encoding: 'utf8', cwd: join(root, 'python') })
    expect(stdout.trim(), stderr).toBe("['cat', 'dog'] [('a.png', 0), ('b.JPG', 1)]")
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test.skipIf(!present)('a fault is found', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mobileone-python-'))
  try {
    const faulty = (text: string): string => {
      const path = join(folder, 'faulty.py')
      writeFileSync(path, text)
      return faults(path)
    }
    expect(faulty('def f():\n  return missing')).toContain('missing is not defined')
    expect(faulty('import math')).toContain('math is imported and not used')
    writeFileSync(join(folder, 'beside.py'), 'def f():\n  return 1')
    expect(faulty('from beside import f, g\nprint(f, g)')).toMatch(/faulty\.py: beside\.py has no g$/)
    expect(faulty('def f(:')).toContain('SyntaxError')
  } finally {
    rmSync(folder, { recursive: true })
  }
})
