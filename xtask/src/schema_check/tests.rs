use super::*;
use crate::codegen::parse;

const SCHEMA: &str = "# About it.\napi Ping\nkey 7\nversions 0-2\nflexible 2+\nlisteners broker\n\n\
    request PingRequest\n    Items: []Item\n        Name: string 1+ nullable 2+ key ignorable = null\n    Count: int32 = 0\n\n\
    response PingResponse\n    Left: int32 2+ tag 0 = -1\n";

const REQUEST: &str = r#"{"apiKey":7,"type":"request","listeners":["broker"],"name":"PingRequest","validVersions":"0-2","flexibleVersions":"2+","fields":[{"name":"Items","type":"[]Item","versions":"0+"},{"name":"Count","type":"int32","versions":"0+"}],"commonStructs":[{"name":"Item","versions":"0+","fields":[{"name":"Name","type":"string","versions":"1+","nullableVersions":"2+","mapKey":true,"ignorable":true,"default":"null","entityType":"topicName"}]}]}"#;

const RESPONSE: &str = r#"{"apiKey":7,"type":"response","name":"PingResponse","validVersions":"0-2","flexibleVersions":"2+","fields":[{"name":"Left","type":"int32","versions":"2+","taggedVersions":"2+","tag":0,"default":-1}]}"#;

fn differences(request: &str) -> Vec<String> {
    let schemas = [parse::schema(SCHEMA).unwrap()];
    let report = check(&schemas, format!("{request}\n{RESPONSE}\n").as_bytes()).unwrap();
    assert_eq!(report.equal, 2 - usize::from(!report.differences.is_empty()));
    report.differences
}

#[test]
fn the_same_message_is_the_same_wherever_its_structures_are_defined() {
    assert_eq!(differences(REQUEST), [""; 0]);
}

#[test]
fn each_thing_that_the_wire_depends_on_makes_a_difference() {
    for (there, here, told) in [
        ("\"apiKey\":7", "\"apiKey\":8", "PingRequest: Kafka has key 8, versions 0-2"),
        ("\"0-2\"", "\"0-3\"", "PingRequest: Kafka has key 7, versions 0-3"),
        ("\"broker\"", "\"controller\"", "listeners controller, the schema"),
        ("\"int32\"", "\"int64\"", "PingRequest.Count: Kafka has int64 0+, the schema int32 0+"),
        (
            "\"default\":\"null\",",
            "",
            "PingRequest.Items.Name: Kafka has string 1+ nullable 2+ key ignorable, ",
        ),
        ("\"mapKey\":true,", "", "PingRequest.Items.Name: Kafka has"),
        ("\"ignorable\":true,", "", "PingRequest.Items.Name: Kafka has"),
        ("\"nullableVersions\":\"2+\",", "", "PingRequest.Items.Name: Kafka has"),
        ("\"Count\"", "\"Total\"", "PingRequest.Total: int32 0+: the schema does not have it"),
    ] {
        let told_of = differences(&REQUEST.replace(there, here));
        assert!(told_of[0].contains(told), "{told_of:?}");
    }
}

#[test]
fn the_order_of_fields_makes_a_difference() {
    let count = r#",{"name":"Count","type":"int32","versions":"0+"}"#;
    let swapped = REQUEST.replace(count, "").replace(
        "\"fields\":[{\"name\":\"Items\"",
        &format!("\"fields\":[{},{{\"name\":\"Items\"", &count[1..]),
    );
    assert_eq!(differences(&swapped), ["PingRequest.Count: comes at another place"]);
}

#[test]
fn what_only_one_side_has_is_told() {
    let schemas = [parse::schema(SCHEMA).unwrap()];
    let other = REQUEST.replace("PingRequest", "PongRequest");
    let report = check(&schemas, format!("{other}\n{RESPONSE}").as_bytes()).unwrap();
    assert_eq!(
        report.differences,
        ["PongRequest: no schema has it", "PingRequest: the file does not have it"]
    );
    let retired = r#"{"apiKey":4,"type":"request","name":"GoneRequest","validVersions":"none"}"#;
    let report = check(&schemas, format!("{REQUEST}\n{retired}\n{RESPONSE}").as_bytes()).unwrap();
    assert_eq!((report.equal, report.differences.len()), (2, 0));
}
