"""What FFmpeg and its libraries may open of a stranger's file."""

# Nothing may lead to the network or to another kind of file.
PROTOCOLS = "file,pipe,crypto,data"
# Demuxers of plain media. Playlists and scripts (hls, dash, concat, …) are left out: they open other files.
FORMATS = (
    "mov,matroska,avi,mpegts,mpeg,ogg,flac,mp3,wav,aac,asf,flv,ac3,eac3,mxf,rm,aiff,caf,ivf,m4v,h264,hevc,mpegvideo,"
    "dts,w64,nut,gif,wtv,dv,amr,ape,tta,wv,obu"
)
