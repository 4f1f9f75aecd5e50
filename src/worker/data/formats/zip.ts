import { promisify } from 'node:util';
import { open, type Entry, type ZipFile } from 'yauzl';
import { invalidData } from './format.ts';
import { HEADER_BYTES, npyHeader, readNpy, type NpyArray } from './npy.ts';

/** Largest array that is unpacked into memory; larger ones belong into .npy files. */
const MOST_BYTES = 2 ** 32 - 2 ** 20;
/** Zeros pack 1,000 to 1; images do not. */
const MOST_RATIO = 250;
const SMALL = 2 ** 26;

function entriesOf(zip: ZipFile): Promise<Entry[]> {
  return new Promise((resolve, reject) => {
    const entries: Entry[] = [];
    zip.on('entry', (entry) => {
      entries.push(entry);
      zip.readEntry();
    });
    zip.on('end', () => resolve(entries));
    zip.on('error', reject);
    zip.readEntry();
  });
}

/** An entry as bytes; stops as soon as the array's own header contradicts the size that the archive states. */
function unpack(zip: ZipFile, entry: Entry, name: string): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    zip.openReadStream(entry, (error, stream) => {
      if (error) return reject(error);
      const out = Buffer.allocUnsafe(Math.min(entry.uncompressedSize, HEADER_BYTES));
      let whole: Buffer = out;
      let filled = 0;
      stream.on('error', reject);
      stream.on('data', (chunk: Buffer) => {
        try {
          if (whole === out && filled + chunk.length > out.length) {
            // the header is read before memory for all values is taken
            const first = Buffer.concat([out.subarray(0, filled), chunk]);
            const { offset, bytes } = npyHeader(first, name);
            if (offset + bytes !== entry.uncompressedSize)
              throw invalidData(
                `${name} states an array of ${bytes} bytes, but the archive unpacks to ${entry.uncompressedSize}: it is no whole array.`,
                name,
              );
            whole = Buffer.allocUnsafe(entry.uncompressedSize);
            out.copy(whole, 0, 0, filled);
          }
          filled += chunk.copy(whole, filled);
        } catch (problem) {
          stream.destroy();
          reject(problem as Error);
        }
      });
      stream.on('end', () => resolve(whole.subarray(0, filled)));
    });
  });
}

/**
 * The arrays of an .npz archive, by name without `.npy`.
 * @param wanted which ones
 * @throws WorkbenchError `data-invalid` for a damaged archive, or one that unpacks to absurdly much
 */
export async function readNpz(path: string, wanted: (name: string) => boolean): Promise<Map<string, NpyArray>> {
  const zip = await promisify<string, ZipFile>((file, done) => open(file, { lazyEntries: true, autoClose: false }, done))(path).catch(
    (error: Error) => {
      throw invalidData(`${path} is not an .npz archive, or a damaged one (${error.message}): save it again.`, path, error);
    },
  );
  try {
    const arrays = new Map<string, NpyArray>();
    for (const entry of await entriesOf(zip)) {
      const name = entry.fileName.replace(/\.npy$/, '');
      if (!wanted(name)) continue;
      const { uncompressedSize, compressedSize } = entry;
      if (uncompressedSize > MOST_BYTES || (uncompressedSize > SMALL && uncompressedSize > MOST_RATIO * Math.max(1, compressedSize)))
        throw invalidData(
          `'${name}' in ${path} would unpack from ${compressedSize} to ${uncompressedSize} bytes, which no images do or no memory holds: save the arrays as .npy files.`,
          path,
        );
      arrays.set(name, readNpy(await unpack(zip, entry, `'${name}' in ${path}`), `'${name}' in ${path}`));
    }
    return arrays;
  } catch (error) {
    if ((error as { name?: string }).name === 'WorkbenchError') throw error;
    throw invalidData(`${path} is damaged (${(error as Error).message}): save it again.`, path, error);
  } finally {
    zip.close();
  }
}
