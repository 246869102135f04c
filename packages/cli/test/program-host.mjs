/**
 * Runs the program again and again in one process: each message brings arguments, and each run evaluates the program anew, with
 * the packages that it imports loaded once. Standard output and standard error are the real ones; a NUL ends what a run wrote to
 * either, and the exit code follows on standard output.
 */
const [program] = process.argv.slice(2)
let runs = 0

// Each run listens anew for what ends a process.
process.setMaxListeners(0)
process.stdout.setMaxListeners(0)

process.on('message', async (args) => {
  process.argv = [process.execPath, program, ...args]
  process.exitCode = undefined
  try {
    await import(`${program}?run=${runs++}`)
  } catch (error) {
    process.stderr.write(`${error?.stack ?? error}\n`)
    process.exitCode = 1
  }
  process.stderr.write('\0')
  process.stdout.write(`\0${process.exitCode ?? 0}\n`)
})
process.on('disconnect', () => process.exit(0))
