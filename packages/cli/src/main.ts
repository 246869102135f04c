#!/usr/bin/env node
import { writeSync } from 'node:fs'
import { isMobileOneError } from '@mobileone/core'
import { type Command, runCommand, UsageError } from './command.ts'
import { bench } from './commands/bench.ts'
import { classify } from './commands/classify.ts'
import { doctor } from './commands/doctor.ts'
import { evaluate } from './commands/eval.ts'
import { exportModel } from './commands/export.ts'
import { inspect } from './commands/inspect.ts'
import { logits } from './commands/logits.ts'
import { plan } from './commands/plan.ts'
import { pull } from './commands/pull.ts'
import { quantize } from './commands/quantize.ts'
import { reparam } from './commands/reparam.ts'
import { train } from './commands/train.ts'
import { didYouMean } from './did-you-mean.ts'
import { abortOnInterrupt, interruptionCode } from './session.ts'
import { printLine, printNote } from './terminal.ts'
import { version } from './version.ts'

const commands = [
  classify,
  evaluate,
  logits,
  inspect,
  reparam,
  quantize,
  exportModel,
  train,
  plan,
  bench,
  pull,
  doctor,
] as readonly unknown[] as readonly Command[]

async function main(args: readonly string[]): Promise<void> {
  const [name, ...rest] = args
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    const [topic] = rest
    if (topic === undefined) process.stdout.write(overview())
    else await runCommand(find(topic), ['--help'], (text) => process.stdout.write(text))
    return
  }
  if (name === '--version' || name === '-v') {
    printLine(version)
    return
  }
  await runCommand(find(name), rest, (text) => process.stdout.write(text))
}

function find(name: string): Command {
  const command = commands.find((candidate) => candidate.name === name)
  if (command) return command
  const names = commands.map((each) => each.name)
  throw new UsageError(
    `there is no command "${name}"; the commands are ${names.join(', ')}${didYouMean(name, names)}`,
  )
}

function overview(): string {
  const width = Math.max(...commands.map((command) => command.name.length))
  return [
    'mobileone <command>: MobileOne on the device in front of you',
    '',
    ...commands.map((command) => `  ${command.name.padEnd(width)}  ${command.summary}`),
    '',
    'Run mobileone <command> --help for its flags. On failure the exit code is not 0 and one line on standard error says why.',
    '',
  ].join('\n')
}

// Whoever reads the output may stop early, as `head` does.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  isSettled = true
  process.exit(0)
})

// Node says nothing, and leaves with 13, when what is awaited can no longer happen.
let isSettled = false
process.once('exit', (code) => {
  if (isSettled || (code !== 0 && code !== 13)) return
  writeSync(
    2,
    'mobileone: stopped before the work was done and without a reason; this is a fault of the program\n',
  )
  process.exitCode = 70
})

abortOnInterrupt()
try {
  await main(process.argv.slice(2))
} catch (error) {
  const message = isMobileOneError(error)
    ? (error as Error).message
    : String((error as Error)?.stack ?? error)
  printNote(`mobileone: ${message}`)
  process.exitCode = interruptionCode() ?? (error instanceof UsageError ? 2 : 1)
}
isSettled = true
