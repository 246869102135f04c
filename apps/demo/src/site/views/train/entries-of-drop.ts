import { limits, type PlacedFile } from './folder-files.ts'

/** Files in all that are looked at in a folder. */
const most = 5 * limits.pictures

/**
 * The files of a drop, those inside folders too, with their paths; several folders are taken as if one held them. It must be called in
 * the event, which alone shows what was dropped.
 */
export async function filesOfDrop({ items }: DataTransfer): Promise<PlacedFile[]> {
  const roots = [...items].flatMap((item) => item.webkitGetAsEntry() ?? [])
  const prefix = roots.length > 1 ? 'dropped/' : ''
  const found: PlacedFile[] = []
  for (const root of roots) await collect(root, prefix, found)
  return found
}

async function collect(entry: FileSystemEntry, folder: string, found: PlacedFile[]): Promise<void> {
  if (found.length >= most) return
  const path = folder + entry.name
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) =>
      (entry as FileSystemFileEntry).file(resolve, reject),
    )
    found.push({ path, file })
    return
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader()
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    )
    if (some.length === 0) return
    for (const each of some) await collect(each, `${path}/`, found)
  }
}

/** The files of a dialog that chose a folder. */
export function filesOfDialog(files: readonly File[]): PlacedFile[] {
  return Array.from(files, (file) => ({ path: file.webkitRelativePath || file.name, file })).slice(0, most)
}
