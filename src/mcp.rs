//! A server of the Model Context Protocol (modelcontextprotocol.io/specification) over standard input and output. What its
//! tools do is for whoever starts it: requests are handed on, one after the other, and answered with what comes back.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, Implementation,
    ListResourceTemplatesResult, ListResourcesResult, ListToolsResult, PaginatedRequestParams,
    ReadResourceRequestParams, ReadResourceResponse, ReadResourceResult, Resource,
    ResourceContents, ResourceTemplate, ServerCapabilities, ServerConfig, Tool, ToolAnnotations,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler, ServiceExt as _};
use serde_json::{Map, Value};
use tokio::sync::oneshot;

/// A tool as clients see it.
#[derive(Debug, Clone)]
pub struct ToolInfo {
    /// Its name.
    pub name: &'static str,
    /// What it does, and when to use it.
    pub about: &'static str,
    /// Its arguments, which are texts: name, what it means, whether it must be given.
    pub arguments: &'static [(&'static str, &'static str, bool)],
    /// Whether it changes anything.
    pub changes: bool,
}

/// Something that can be read by its URI.
#[derive(Debug, Clone)]
pub struct ResourceInfo {
    /// The URI; one with `{name}` in it stands for many.
    pub uri: &'static str,
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub about: &'static str,
    /// Its media type.
    pub media_type: &'static str,
}

/// What a server has.
#[derive(Debug, Clone, Default)]
pub struct Offer {
    /// Its tools.
    pub tools: Vec<ToolInfo>,
    /// What can be read.
    pub resources: Vec<ResourceInfo>,
    /// How to use them, for a language model.
    pub instructions: String,
}

/// What a client asks for.
#[derive(Debug, Clone)]
pub enum Asked {
    /// A tool is called.
    Call {
        /// Its name.
        tool: String,
        /// Its arguments by name; they are those that the tool has.
        arguments: Map<String, Value>,
    },
    /// Something is read.
    Read {
        /// Its URI.
        uri: String,
    },
}

/// What comes back: Markdown or text, or a value; else what is wrong.
pub type Answer = Result<Content, String>;

/// What a tool or a resource gives.
#[derive(Debug, Clone)]
pub enum Content {
    /// Text, such as Markdown.
    Text(String),
    /// A JSON object.
    Json(Value),
}

impl Content {
    fn into_text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Json(value) => value.to_string(),
        }
    }
}

/// Serves until the client goes away. Each request is answered by `answer`, on this thread.
///
/// # Errors
/// There is no client, or it does not speak the protocol.
pub fn serve(offer: Offer, mut answer: impl FnMut(Asked) -> Answer) -> io::Result<()> {
    let (asks, asked): (Sender<Request>, Receiver<Request>) = channel();
    let server = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let handler = Handler { offer: Arc::new(offer), asks };
            let running = handler.serve(rmcp::transport::stdio()).await;
            let running = running.map_err(|error| io::Error::other(error.to_string()))?;
            running.waiting().await.map(drop).map_err(io::Error::other)
        })
    });
    // It ends with the server, which has the only sender.
    for Request { what, reply } in asked {
        // A client may have gone away meanwhile.
        let _ = reply.send(answer(what));
    }
    server.join().unwrap_or_else(|_| Err(io::Error::other("the server failed")))
}

/// A request on its way to whoever answers it.
struct Request {
    what: Asked,
    reply: oneshot::Sender<Answer>,
}

#[derive(Clone)]
struct Handler {
    offer: Arc<Offer>,
    asks: Sender<Request>,
}

impl Handler {
    async fn ask(&self, what: Asked) -> Result<Answer, ErrorData> {
        let gone = || ErrorData::internal_error("nobody answers any more", None);
        let (reply, answer) = oneshot::channel();
        self.asks.send(Request { what, reply }).map_err(|_| gone())?;
        answer.await.map_err(|_| gone())
    }
}

impl ServerHandler for Handler {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder().enable_tools().enable_resources().build();
        let mut info =
            ServerConfig::new(capabilities).with_instructions(self.offer.instructions.clone());
        info.server_info = Implementation::new("bundlegate", env!("CARGO_PKG_VERSION"));
        info
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(self.offer.tools.iter().map(described).collect()))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let wrong = |message: String| ErrorData::invalid_params(message, None);
        let tool = self.offer.tools.iter().find(|tool| tool.name == request.name);
        let tool = tool.ok_or_else(|| wrong(format!("there is no tool `{}`", request.name)))?;
        let arguments = request.arguments.unwrap_or_default();
        check_arguments(tool, &arguments).map_err(wrong)?;
        let answer = self.ask(Asked::Call { tool: request.name.into_owned(), arguments }).await?;
        let result = match answer {
            Ok(Content::Text(text)) => CallToolResult::success(vec![ContentBlock::text(text)]),
            Ok(Content::Json(value)) => CallToolResult::structured(value),
            Err(message) => CallToolResult::error(vec![ContentBlock::text(message)]),
        };
        Ok(result.into())
    }

    async fn list_resources(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let one = |info: &&ResourceInfo| !info.uri.contains('{');
        let resources = self.offer.resources.iter().filter(one).map(|info| {
            Resource::new(info.uri, info.name)
                .with_description(info.about)
                .with_mime_type(info.media_type)
        });
        Ok(ListResourcesResult::with_all_items(resources.collect()))
    }

    async fn list_resource_templates(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        let many = |info: &&ResourceInfo| info.uri.contains('{');
        let templates = self.offer.resources.iter().filter(many).map(|info| {
            ResourceTemplate::new(info.uri, info.name)
                .with_description(info.about)
                .with_mime_type(info.media_type)
        });
        Ok(ListResourceTemplatesResult::with_all_items(templates.collect()))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let uri = request.uri;
        let is_it = |info: &&ResourceInfo| match info.uri.split_once('{') {
            Some((start, _)) => uri.starts_with(start),
            None => uri == info.uri,
        };
        let missing = || ErrorData::resource_not_found(format!("there is no `{uri}`"), None);
        let info = self.offer.resources.iter().find(is_it).ok_or_else(missing)?;
        let answer = self.ask(Asked::Read { uri: uri.clone() }).await?;
        let content = answer.map_err(|message| ErrorData::internal_error(message, None))?;
        let contents =
            ResourceContents::text(content.into_text(), uri).with_mime_type(info.media_type);
        Ok(ReadResourceResult::new(vec![contents]).into())
    }
}

fn described(info: &ToolInfo) -> Tool {
    let properties: Map<String, Value> = info
        .arguments
        .iter()
        .map(|(name, about, _)| {
            let schema = serde_json::json!({ "type": "string", "description": about });
            ((*name).to_owned(), schema)
        })
        .collect();
    let required: Vec<Value> = info
        .arguments
        .iter()
        .filter(|(_, _, is_required)| *is_required)
        .map(|(name, ..)| Value::from(*name))
        .collect();
    let schema = Map::from_iter([
        ("type".to_owned(), "object".into()),
        ("properties".to_owned(), properties.into()),
        ("required".to_owned(), required.into()),
        ("additionalProperties".to_owned(), false.into()),
    ]);
    let annotations =
        ToolAnnotations::new().read_only(!info.changes).destructive(info.changes).open_world(true);
    Tool::new(info.name, info.about, Arc::new(schema)).with_annotations(annotations)
}

/// Whether arguments are those that a tool has.
fn check_arguments(tool: &ToolInfo, arguments: &Map<String, Value>) -> Result<(), String> {
    let is_known = |name: &str| tool.arguments.iter().any(|(known, ..)| *known == name);
    if let Some((name, _)) = arguments.iter().find(|(name, _)| !is_known(name)) {
        return Err(format!("`{}` has no argument `{name}`", tool.name));
    }
    if let Some((name, _)) = arguments.iter().find(|(_, value)| !value.is_string()) {
        return Err(format!("`{name}` of `{}` is a text", tool.name));
    }
    let is_given = |name: &str| arguments.contains_key(name);
    match tool.arguments.iter().find(|(name, _, required)| *required && !is_given(name)) {
        Some((name, ..)) => Err(format!("`{}` needs the argument `{name}`", tool.name)),
        None => Ok(()),
    }
}
