/** The part of pdfmake that is used here; the package ships no types. */
declare module "pdfmake" {
  interface FontFiles {
    normal: string;
    bold: string;
  }
  interface Document {
    /** PDF version, e.g. "1.4". */
    version: string;
    /** In points. */
    pageSize: { width: number; height: number };
    pageMargins: number;
    content: { svg: string; width: number }[];
    defaultStyle: { font: string };
    info: Record<string, string | Date>;
  }
  const pdfmake: {
    setFonts(fonts: Record<string, FontFiles>): void;
    /** Decides which addresses and files a document may load. */
    setUrlAccessPolicy(isAllowed: (url: string) => boolean): void;
    setLocalAccessPolicy(isAllowed: (path: string) => boolean): void;
    createPdf(document: Document): { getBuffer(): Promise<Buffer> };
  };
  export default pdfmake;
}
