//! The guide: what its chapters show is what their code reads.

#[test]
fn the_schema_file_of_the_guide_is_shown_as_it_is() {
    let shown = include_str!("../docs/guide/schema-files.md");
    let file = include_str!("../docs/guide/sales.json");
    assert!(shown.contains(&format!("```json\n{file}```\n")));
    let read = serenytics::SchemaFile::from_json(file).and_then(|read| read.to_json());
    assert_eq!(read.as_deref(), Ok(file), "as `serenytics schema pull` writes it");
}
