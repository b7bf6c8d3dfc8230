"""Downloads of a tenant's files by their signed links, which need no session."""

from django.http import FileResponse, Http404, HttpResponseBase
from django.views.decorators.http import require_safe

from apps.common.errors import Gone, NotFound
from apps.common.files import link_read, tenant_files
from apps.common.problems import problem_or_page
from apps.common.requests import host_name
from apps.tenants.http import PlatformRequest


@require_safe
def download(request: PlatformRequest, token: str) -> HttpResponseBase:
    """The file, always as an attachment: nothing that people upload is shown as a page of ours."""
    try:
        link = link_read(token, host_name(request))
        file = tenant_files.open(link.name)
    except (NotFound, FileNotFoundError) as error:
        raise Http404 from error
    except Gone as error:
        return problem_or_page(
            request,
            error.status,
            error.code,
            str(error.title),
            str(error.detail),
            headers={"Cache-Control": "no-store"},
        )
    response = FileResponse(file, as_attachment=True, filename=link.download_name)
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response
