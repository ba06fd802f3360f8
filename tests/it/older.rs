//! A database as an older program left it: the schema of some migrations ago.

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use sha2::{Digest as _, Sha256};

/// The migrations, in order.
pub fn migrations() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/migrations");
    let files = std::fs::read_dir(folder).unwrap();
    let mut files: Vec<PathBuf> = files.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|ending| ending == "sql"));
    files.sort();
    files
}

/// Makes the schema of these migrations, which are the first ones.
pub fn make(conn: &Connection, files: &[PathBuf]) {
    conn.execute_batch(
        "create table migration (
    id integer primary key, name text not null, sha256 text not null, applied_at integer not null
) strict;",
    )
    .unwrap();
    for (id, file) in (1_i64..).zip(files) {
        let sql = std::fs::read_to_string(file).unwrap();
        conn.execute_batch(&sql).unwrap();
        let name = file.file_stem().unwrap().to_str().unwrap();
        let row = (id, name, hex::encode(Sha256::digest(sql.as_bytes())));
        conn.execute("insert into migration values (?1, ?2, ?3, 0)", row)
            .unwrap();
        conn.pragma_update(None, "user_version", id).unwrap();
    }
}
