import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { MobileOneError } from '@mobileone/core'
import { afterEach, beforeEach } from 'vitest'
import { type FetchWeightsOptions, openDiskCache, type WeightCache } from '../src/index.ts'
import { type Handler, startServer, type TestServer } from './server.ts'

export interface HubContext {
  directory: string
  cache: WeightCache
  server: TestServer
  warnings: string[]
  /** Quick retries, this test's cache, this test's warnings. */
  options: FetchWeightsOptions
  serve(handler: Handler): Promise<TestServer>
  /** Everything under the cache's directory, sorted. */
  files(): Promise<string[]>
}

/** Gives each test of a file a cache of its own and as many servers as it starts. */
export function hubContext(): HubContext {
  const context = {} as HubContext
  const servers: TestServer[] = []
  beforeEach(async () => {
    context.directory = await mkdtemp(join(tmpdir(), 'mobileone-hub-'))
    context.cache = await openDiskCache(context.directory)
    context.warnings = []
    context.options = {
      cache: context.cache,
      retryDelayMs: 5,
      onWarning: (message) => context.warnings.push(message),
    }
    context.serve = async (handler) => {
      context.server = await startServer(handler)
      servers.push(context.server)
      return context.server
    }
    context.files = async () => {
      const found = await readdir(context.directory, { recursive: true, withFileTypes: true })
      return found
        .filter((file) => file.isFile())
        .map((file) => join(file.parentPath, file.name).slice(context.directory.length + 1))
        .sort()
    }
  })
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server[Symbol.asyncDispose]()))
    await rm(context.directory, { recursive: true, force: true })
  })
  return context
}

/** The error a call rejects with; fails when it resolves. */
export async function failure(call: Promise<unknown>): Promise<MobileOneError> {
  try {
    await call
  } catch (error) {
    return error as MobileOneError
  }
  throw new Error('the call was expected to reject')
}
