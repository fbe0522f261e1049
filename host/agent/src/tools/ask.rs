//! AskUserQuestion: the user chooses, or says it in words of their own. What they answer is the outcome; nothing else
//! can give one.

use bricklayer_domain::{
    ApprovalReply, MAX_CHOICE_CHARS, MAX_REPLY_ANSWERS, QuestionAnswer, QuestionOption, ToolFailure, ToolOutcome,
    UserQuestion,
};
use serde_json::{Value, json};

use super::ToolResult;
use super::args::{Args, invalid};

/// What a question offers.
const OPTIONS: std::ops::RangeInclusive<usize> = 2..=4;

/// Characters of a question's header.
const MAX_HEADER_CHARS: usize = 30;

/// Characters of a question, and of what an option means.
const MAX_QUESTION_CHARS: usize = 1_000;

pub(super) fn describe() -> (String, Value) {
    let description = "Asks the user up to four questions and waits for their answers. Use it when the work depends on a \
        choice that is theirs and that you cannot find out. Each question offers two to four options; the user may also \
        answer in words, so offer no \"other\".";
    let text = |description: &str| json!({"type": "string", "description": description});
    let option = json!({
        "type": "object",
        "properties": {
            "label": text("What is chosen, in a few words."),
            "description": text("What it means or leads to.")
        },
        "required": ["label"], "additionalProperties": false
    });
    let schema = json!({
        "type": "object",
        "properties": {
            "questions": {
                "type": "array", "minItems": 1, "maxItems": MAX_REPLY_ANSWERS,
                "items": {
                    "type": "object",
                    "properties": {
                        "question": text("The whole question: `Which table holds the orders?`"),
                        "header": text("What it is about, at most 12 characters: `Table`."),
                        "options": {"type": "array", "minItems": 2, "maxItems": 4, "items": option},
                        "multiSelect": {"type": "boolean", "description": "Whether several may be chosen."}
                    },
                    "required": ["question", "header", "options"], "additionalProperties": false
                }
            }
        },
        "required": ["questions"],
        "additionalProperties": false
    });
    (description.to_owned(), schema)
}

/// The questions of a call.
pub(super) fn questions(input: &Value) -> Result<Vec<UserQuestion>, ToolFailure> {
    let args = Args::parse(input, &["questions"])?;
    let given = args.list("questions")?;
    if given.is_empty() || given.len() > MAX_REPLY_ANSWERS {
        return Err(invalid(format!("`questions` must hold 1 to {MAX_REPLY_ANSWERS} questions")));
    }
    let read = |(index, given): (usize, &Value)| {
        let path = format!("questions.{index}");
        let fields = Args::within(&path, given, &["question", "header", "options", "multiSelect"])?;
        let offered = fields.list("options")?;
        if !OPTIONS.contains(&offered.len()) {
            return Err(invalid(format!(
                "`{path}.options` must hold {} to {} options",
                OPTIONS.start(),
                OPTIONS.end()
            )));
        }
        let mut options = Vec::<QuestionOption>::with_capacity(offered.len());
        for (index, option) in offered.iter().enumerate() {
            let path = format!("{path}.options.{index}");
            let option = Args::within(&path, option, &["label", "description"])?;
            let label = text(&option, &path, "label", MAX_CHOICE_CHARS)?;
            if options.iter().any(|earlier| earlier.label == label) {
                return Err(invalid(format!("`{path}.label` is offered twice")));
            }
            let described = option.present("description").is_some_and(|given| given != "");
            let description =
                if described { text(&option, &path, "description", MAX_QUESTION_CHARS)? } else { String::new() };
            options.push(QuestionOption { label, description });
        }
        Ok(UserQuestion {
            header: text(&fields, &path, "header", MAX_HEADER_CHARS)?,
            question: text(&fields, &path, "question", MAX_QUESTION_CHARS)?,
            options,
            multi_select: fields.flag("multiSelect", false)?,
        })
    };
    given.iter().enumerate().map(read).collect()
}

fn text(fields: &Args<'_>, path: &str, field: &str, max: usize) -> Result<String, ToolFailure> {
    let wrong = || invalid(format!("`{path}.{field}` must be a text of 1 to {max} characters"));
    let text = fields.str(field).map_err(|_| wrong())?.trim();
    if text.is_empty() || text.chars().count() > max { Err(wrong()) } else { Ok(text.to_owned()) }
}

/// What the user answered. Words beside all answers are told with every call's outcome.
pub(super) fn run(input: &Value, reply: Option<&ApprovalReply>) -> ToolResult {
    let questions = questions(input)?;
    let open = QuestionAnswer::default();
    let answers = reply.map(ApprovalReply::answers).unwrap_or_default();
    let mut content = "What the user answers:".to_owned();
    let mut kept = Vec::with_capacity(questions.len());
    for (place, question) in questions.iter().enumerate() {
        let answer = answers.get(place).unwrap_or(&open);
        let mut said = answer.chosen.clone();
        said.extend(answer.words.iter().map(|words| format!("in their words: {words}")));
        let said = if said.is_empty() { "(left open)".to_owned() } else { said.join("; ") };
        content.push_str(&format!("\n- {} {said}", question.question));
        kept.push(json!({"question": question.question, "chosen": answer.chosen, "words": answer.words}));
    }
    Ok(ToolOutcome { content, structured: Some(json!({"answers": kept})), ..ToolOutcome::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(options: &[&str]) -> Value {
        let options: Vec<_> =
            options.iter().map(|label| json!({"label": label, "description": "what it means"})).collect();
        json!({"question": "Which table?", "header": "Table", "options": options, "multiSelect": true})
    }

    #[test]
    fn what_the_user_answers_is_the_outcome() {
        let input =
            json!({"questions": [question(&["orders", "items"]), question(&["a", "b"]), question(&["a", "b"])]});
        let chosen = QuestionAnswer { chosen: vec!["orders".into(), "items".into()], words: None };
        let own = QuestionAnswer { chosen: Vec::new(), words: Some("neither".into()) };
        let reply = ApprovalReply::parse(None, vec![chosen, own], None).unwrap();
        let outcome = run(&input, reply.as_ref()).unwrap();
        assert_eq!(
            outcome.content,
            "What the user answers:\n- Which table? orders; items\n- Which table? in their words: neither\n\
             - Which table? (left open)"
        );
        assert_eq!(outcome.structured.unwrap()["answers"][0]["chosen"], json!(["orders", "items"]));
        assert!(run(&input, None).unwrap().content.ends_with("(left open)"));
        let mut bare = question(&["a", "b"]);
        bare["options"][0]["description"] = json!("");
        assert_eq!(questions(&json!({"questions": [bare]})).unwrap()[0].options[0].description, "");
    }

    #[test]
    fn questions_that_cannot_be_shown_are_told_by_their_place() {
        let refused = |questions: Value, why: &str| {
            let failure = run(&json!({"questions": questions}), None).unwrap_err();
            assert!(failure.message.contains(why), "{}", failure.message);
        };
        refused(json!([]), "1 to 4 questions");
        refused(json!(vec![question(&["a", "b"]); 5]), "1 to 4 questions");
        refused(json!([question(&["a"])]), "`questions.0.options` must hold 2 to 4");
        refused(json!([question(&["a", "a"])]), "`questions.0.options.1.label` is offered twice");
        refused(json!([question(&["a", " "])]), "`questions.0.options.1.label` must be a text");
        let mut long = question(&["a", "b"]);
        long["header"] = json!("x".repeat(31));
        refused(json!([long]), "`questions.0.header`");
    }
}
