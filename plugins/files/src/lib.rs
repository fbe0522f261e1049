//! The family of files: workspace folders, volumes, DBFS. Its contract is `wit/files.wit`.

mod calls;
mod dbfs;
mod download;
mod local;
mod report;
mod upload;
mod volume_transfer;
mod volumes;
mod workspace;

bricklayer_sdk::family! {
    world: "bricklayer:files/databricks-files",
    wit: ["../../wit/host.wit", "../../wit/files.wit"],
    tools: bricklayer::files::tools {
        upload_file(UploadFileRequest) -> TransferReport = upload::file,
        upload_folder(UploadFolderRequest) -> TransferReport = upload::folder,
        download_file(DownloadFileRequest) -> TransferReport = download::file,
        download_folder(DownloadFolderRequest) -> TransferReport = download::folder,
        list_workspace(ListWorkspaceRequest) -> WorkspaceList = workspace::list,
        get_workspace_object(PathRequest) -> ObjectResult = workspace::get,
        create_workspace_folder(PathRequest) -> ChangeResult = workspace::make_folder,
        delete_workspace_object(DeleteWorkspaceObjectRequest) -> ChangeResult = workspace::delete,
        list_volume_files(ListVolumeFilesRequest) -> VolumeFileList = volumes::list,
        get_volume_file_info(VolumePathRequest) -> VolumeFileInfo = volumes::info,
        upload_to_volume(UploadToVolumeRequest) -> TransferReport = volume_transfer::upload,
        download_from_volume(DownloadFromVolumeRequest) -> TransferReport = volume_transfer::download,
        delete_volume_file(DeleteVolumeFileRequest) -> Deletion = volumes::delete,
        create_volume_directory(VolumePathRequest) -> ChangeResult = volumes::make_folder,
        list_dbfs_files(DbfsPathRequest) -> DbfsFileList = dbfs::list,
        read_dbfs_file(ReadDbfsFileRequest) -> DbfsContent = dbfs::read,
        upload_to_dbfs(UploadToDbfsRequest) -> TransferReport = dbfs::upload,
        download_from_dbfs(DownloadFromDbfsRequest) -> TransferReport = dbfs::download,
        delete_dbfs_file(DeleteDbfsFileRequest) -> ChangeResult = dbfs::delete,
        create_dbfs_directory(DbfsPathRequest) -> ChangeResult = dbfs::make_folder,
        move_dbfs_file(MoveDbfsFileRequest) -> ChangeResult = dbfs::rename,
    }
}

bricklayer_databricks::operations!(calls::operations);
