"""Blobs in an object store that speaks S3: a city's own, or a cloud's."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from obstore.exceptions import BaseError
from obstore.store import S3Store as ObjectStore

from media.storage import BlobMissingError, check_key

_CONNECT = timedelta(seconds=5)
_RETRIES = 3

_NO_BUCKET = "NoSuchBucket"


class S3Store:
    """A ``BlobStore`` in one bucket: one object per key, under the key's own name.

    A put is one request with the digest of its content in its signature, so an object is there whole or not at all.
    The account needs to read, write, delete and list: without the right to list, S3 says of a missing object that it is
    forbidden. Failures are retried up to three times within two time-outs.
    """

    def __init__(
        self,
        *,
        endpoint: str,
        bucket: str,
        region: str,
        access_key_id: str,
        secret_access_key: str,
        path_style: bool = True,
        allow_http: bool = False,
        timeout_seconds: float = 30.0,
    ) -> None:
        """``endpoint`` is the store's address; with ``path_style`` false it contains the bucket's name already.

        Nothing is asked of the store here.
        """
        timeout = timedelta(seconds=timeout_seconds)
        self._store = ObjectStore(
            bucket,
            endpoint=endpoint,
            region=region,
            access_key_id=access_key_id,
            secret_access_key=secret_access_key,
            virtual_hosted_style_request=not path_style,
            # The call that deletes many at once is not known to every store.
            disable_bulk_delete=True,
            client_options={"allow_http": allow_http, "timeout": timeout, "connect_timeout": min(_CONNECT, timeout)},
            retry_config={"max_retries": _RETRIES, "retry_timeout": 2 * timeout},
        )

    async def put(self, key: str, data: bytes) -> None:
        """See ``BlobStore``."""
        check_key(key)
        with _failures():
            await self._store.put_async(key, data, use_multipart=False)

    async def get(self, key: str) -> bytes:
        """See ``BlobStore``."""
        check_key(key)
        with _failures():
            found = await self._store.get_async(key)
            return bytes(await found.bytes_async())

    async def head(self, key: str, size: int) -> bytes:
        """See ``BlobStore``. No more than ``size`` bytes are fetched."""
        check_key(key)
        with _failures():
            if size > 0:
                try:
                    return bytes(await self._store.get_range_async(key, start=0, length=size))
                except BaseError:
                    # Of an empty object no range can be had (RFC 9110, 15.5.17).
                    if (await self._store.head_async(key))["size"] > 0:
                        raise
            else:
                await self._store.head_async(key)
            return b""

    async def delete(self, key: str) -> None:
        """See ``BlobStore``."""
        check_key(key)
        try:
            with _failures():
                await self._store.delete_async(key)
        except BlobMissingError:
            return


@contextmanager
def _failures() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        # A bucket that is not there is told like an object that is not there, and is no reason to believe it gone.
        if _NO_BUCKET in str(error):
            raise OSError("the bucket of the blob store does not exist") from error
        raise BlobMissingError("no blob under this key") from error
    except BaseError as error:
        raise OSError(f"the blob store failed: {type(error).__name__}") from error
