-- Results: what tools produced for people, whole. `columns` and `origin` are JSON. `rows` and `bytes` count what is in
-- it, `stored_bytes` what that takes here. A result that is open has a writer; `written_at` is when that was seen last.
-- `head` holds the one piece of a small result; all others have theirs in the tables below.
create table results (
    id uuid not null primary key,
    conversation_id uuid not null references conversations (id) on delete cascade,
    project_id uuid not null,
    user_id text not null,
    turn_id uuid,
    lane_id uuid not null,
    call_id bytea,
    ordinal bigint not null,
    content text not null check (content in ('table', 'text', 'image', 'file')),
    title text,
    media_type text,
    file_name text,
    columns text not null,
    origin text not null,
    state text not null check (state in ('open', 'complete', 'partial')),
    cut text,
    row_count bigint not null,
    byte_count bigint not null,
    stored_bytes bigint not null,
    piece_count bigint not null,
    digest text,
    created_at timestamptz not null,
    written_at timestamptz not null,
    finished_at timestamptz,
    head_directory bytea,
    head bytea
);

create index results_by_conversation on results (conversation_id, created_at desc, id desc);

-- Those that may have lost their writer.
create index results_open on results (written_at) where state = 'open';

-- Pieces: rows, or bytes of a text or file, from `first` on. `directory` says where in the bytes each column is.
create table result_pieces (
    result_id uuid not null references results (id) on delete cascade,
    number bigint not null,
    conversation_id uuid not null,
    first bigint not null,
    units bigint not null,
    byte_count bigint not null,
    size_bytes bigint not null,
    digest bytea not null,
    directory bytea not null,
    primary key (result_id, number)
);

create index result_pieces_by_digest on result_pieces (conversation_id, digest);

-- The bytes of pieces, once for each conversation under their SHA-256; never looked up across conversations.
create table result_blobs (
    conversation_id uuid not null references conversations (id) on delete cascade,
    digest bytea not null,
    bytes bytea not null,
    primary key (conversation_id, digest)
);

-- Parts of them are read by their place, which compressed values do not allow; they are packed already.
alter table result_blobs alter column bytes set storage external;
alter table results alter column head set storage external;

-- What the results of a conversation take. Changes of a conversation's results queue on this row.
create table result_usage (
    conversation_id uuid not null primary key references conversations (id) on delete cascade,
    user_id text not null,
    stored_bytes bigint not null
);

create index result_usage_by_user on result_usage (user_id);
