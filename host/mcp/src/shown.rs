//! Resources and prompts, as MCP has them.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rmcp::model;

use crate::library::{Argument, Body, Content, Part, Prompt, Resource, ResourceForm};

pub(crate) fn resource(resource: Resource) -> model::Resource {
    let Resource { uri, name, description, media_type, size } = resource;
    let mut shown = model::Resource::new(uri, name);
    (shown.description, shown.mime_type, shown.size) = (description, media_type, size);
    shown
}

pub(crate) fn form(form: &ResourceForm) -> model::ResourceTemplate {
    model::ResourceTemplate::new(form.template, form.name).with_description(form.description)
}

pub(crate) fn content(content: Content) -> model::ResourceContents {
    let Content { uri, media_type, body } = content;
    let shown = match body {
        Body::Text(text) => model::ResourceContents::text(text, uri),
        Body::Bytes(bytes) => model::ResourceContents::blob(BASE64_STANDARD.encode(bytes), uri),
    };
    shown.with_mime_type(media_type)
}

pub(crate) fn prompt(prompt: Prompt) -> model::Prompt {
    let Prompt { name, description, arguments } = prompt;
    let arguments: Vec<_> = arguments.into_iter().map(argument).collect();
    model::Prompt::new(name, description, (!arguments.is_empty()).then_some(arguments))
}

fn argument(argument: Argument) -> model::PromptArgument {
    let Argument { name, description, required } = argument;
    model::PromptArgument::new(name).with_description(description).with_required(required)
}

pub(crate) fn part(part: Part) -> model::PromptMessage {
    let shown = match part {
        Part::Text(text) => model::ContentBlock::text(text),
        // A picture is shown as one.
        Part::Content(Content { media_type, body: Body::Bytes(bytes), .. }) if media_type.starts_with("image/") => {
            model::ContentBlock::image(BASE64_STANDARD.encode(bytes), media_type)
        }
        Part::Content(it) => model::ContentBlock::resource(content(it)),
    };
    model::PromptMessage::new(model::Role::User, shown)
}
