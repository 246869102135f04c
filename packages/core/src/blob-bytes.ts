/** A Blob or File, by what is read of it: the DOM's types are not everywhere. */
export interface BlobLike {
  readonly size: number
  arrayBuffer?(): Promise<ArrayBuffer>
}

/** The bytes of a Blob or File; by `FileReader` where it has no `arrayBuffer()`, as in jsdom. */
export function blobBytes(blob: BlobLike): Promise<ArrayBuffer> {
  if (blob.arrayBuffer) return blob.arrayBuffer()
  return new Promise((resolve, reject) => {
    const reader = new FileReader()
    reader.onload = () => resolve(reader.result as ArrayBuffer)
    reader.onerror = () => reject(reader.error)
    reader.readAsArrayBuffer(blob as Blob)
  })
}
