use super::*;

const HEAD: &str = "# About it.\napi Ping\nkey 7\nversions 0-2\nflexible 2+\n\n";

#[test]
fn fields_nest_by_indentation() {
    let text = format!(
        "{HEAD}request PingRequest\n    Items: []Item 1+ nullable\n        Name: string 1+ nullable 2+ ignorable = null\n\nresponse PingResponse\n    Left: int32 2+ tag 0 = -1\n"
    );
    let schema = schema(&text).unwrap();
    assert_eq!((schema.about.as_str(), schema.flexible.min), ("About it.", 2));
    assert_eq!(schema.kind, Kind::Api { key: 7, listeners: Vec::new() });
    let [request, response] = &schema.messages[..] else { panic!("{schema:?}") };
    let items = &request.top.fields[0];
    assert_eq!(items.nullable, Versions { min: 1, max: i16::MAX });
    let (name, fields) = items.ty.structure().unwrap();
    assert_eq!((name.as_str(), fields[0].nullable.min, fields[0].ignorable), ("Item", 2, true));
    let left = &response.top.fields[0];
    assert_eq!((left.tag, left.default.as_deref()), (Some(0), Some("-1")));
}

#[test]
fn who_serves_an_api_and_which_features_compile_it_stand_above_its_messages() {
    let text = "api Ping\nkey 7\nversions 0-2\nunstable 2\nflexible none\nlisteners broker controller\nfeatures admin raft\n\n\
        request PingRequest\n    Way: int8 key  # 0 there, 1 back\n\nresponse PingResponse\n";
    let schema = schema(text).unwrap();
    let listeners = vec!["broker".to_owned(), "controller".to_owned()];
    assert_eq!(schema.kind, Kind::Api { key: 7, listeners });
    assert_eq!(schema.features, ["admin", "raft"]);
    assert_eq!(schema.unstable, Versions { min: 2, max: 2 });
    let way = &schema.messages[0].top.fields[0];
    assert_eq!((way.key, way.note.as_deref()), (true, Some("0 there, 1 back")));
}

#[test]
fn data_is_one_record_and_needs_no_key() {
    let text =
        "data Mark\nversions 0-1\nflexible 1+\n\nrecord Mark\n    At: Place\n\nstruct Place\n    X: int8\n";
    let schema = schema(text).unwrap();
    assert_eq!(schema.kind, Kind::Data { key: None });
    assert_eq!(schema.messages.len(), 1);
    assert_eq!(schema.messages[0].shared[0].name, "Place");
}

#[test]
fn mistakes_are_named_with_their_line() {
    let told = |rest: &str| format!("{:#}", schema(&format!("{HEAD}{rest}")).unwrap_err());
    assert_eq!(told("request PingRequest\n      Name: string\n"), "line 8: indent by four spaces");
    assert_eq!(told("request PingRequest\n    Name string\n"), "line 8: expected `Name: type`");
    assert!(told("request PingRequest\n    Name: string x+\n").starts_with("line 8: \"x\" is no version"));
    assert_eq!(told("answer PingResponse\n"), "no request");
    assert_eq!(
        told("request PingRequest\n\nresponse PingResponse\n\nrecord Mark\n"),
        "line 11: expected request, response or struct"
    );
}
