/** What stands before and behind the rows of a COPY in binary form (PostgreSQL's documentation, COPY, "Binary Format"). */

/** The signature, no flags, no extension. */
export const binaryCopyStart = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1')
export const binaryCopyEnd = Buffer.from([0xff, 0xff])
