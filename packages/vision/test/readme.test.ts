import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { expect, test } from 'vitest'

test('every TypeScript example of the README compiles', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  const examples = new Map(
    [...readme.matchAll(/```ts\n(.*?)```/gs)].map((match, i) => [
      fileURLToPath(new URL(`readme-example-${i}.ts`, import.meta.url)),
      match[1]!,
    ]),
  )
  expect(examples.size).toBe(4)

  const root = fileURLToPath(new URL('../../../tsconfig.json', import.meta.url))
  const config = ts.getParsedCommandLineOfConfigFile(
    root,
    {},
    { ...ts.sys, onUnRecoverableConfigFileDiagnostic() {} },
  )
  const options = config!.options
  const host = ts.createCompilerHost(options)
  const { fileExists, readFile, getSourceFile } = host
  host.fileExists = (name) => examples.has(name) || fileExists(name)
  host.readFile = (name) => examples.get(name) ?? readFile(name)
  host.getSourceFile = (name, version, ...rest) => {
    const text = examples.get(name)
    return text === undefined
      ? getSourceFile(name, version, ...rest)
      : ts.createSourceFile(name, text, version)
  }
  const program = ts.createProgram([...examples.keys()], options, host)
  const problems = [...examples.keys()].flatMap((name) => {
    const source = program.getSourceFile(name)
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)]
  })
  expect(problems.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))).toEqual([])
})
