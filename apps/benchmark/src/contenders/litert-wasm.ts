import * as litert from '@litertjs/core'
import { type CreateContender, type LiteRtLibrary, litertWasm } from '@mobileone/measure'

export const create: CreateContender = litertWasm(litert as unknown as LiteRtLibrary)
